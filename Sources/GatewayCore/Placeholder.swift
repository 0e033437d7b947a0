enum GatewayCorePlaceholder {}
