import GatewayCore
import HTTPWire
import NIOCore

/// The response side of a client connection: heads and bodies as HTTP/1.1 text.
extension ClientConnection: Downstream {
    func send(_ reply: Reply, for exchange: Exchange) {
        guard context != nil else { return }
        exchange.shape(reply)
        if reply.closesConnection || !canDiscardRequestBody { keepsAlive = false }
        exchange.record.status = reply.status
        exchange.beginResponse(reply)
        exchange.record.bytesOut = reply.bodyLength(
            requestID: exchange.requestID.count, isHEAD: exchange.request.isHEAD)
        hasResponded = true
        write(reply, persistence: persistence)
        responseFinished()
    }

    func interim(_ head: ResponseHead) {
        guard let context, exchange.request.isHTTP11, !hasResponded else { return }
        let buffer = worker.buffers.fill(capacity: head.forwardedCapacity(extra: 0)) { writer in
            head.writeForwarded(
                to: &writer, adding: Bytes(start: nil, count: 0), isChunked: false, persistence: .unsaid)
        }
        context.writeAndFlush(NIOAny(buffer), promise: nil)
    }

    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        guard let context else { return }
        hasResponded = true
        exchange.shape(head)
        exchange.addDefaults(to: head)
        exchange.record.status = head.status
        exchange.beginResponse(head)
        let tunnel = head.status == 101 ? exchange.tunnel : nil
        if tunnel != nil { keepsAlive = true }
        let (body, length) = tunnel == nil ? exchange.encoded(head, body, isComplete: isComplete) : (body, head.body)
        chooseFraming(length)
        if !canDiscardRequestBody, isComplete { keepsAlive = false }
        let bodyLength = body?.readableBytes ?? 0
        exchange.record.bytesOut += bodyLength
        let copiesBody = bodyLength <= ChunkedOutput.copyLimit
        let room = head.forwardedCapacity(extra: exchange.responseLines.count) + (copiesBody ? bodyLength + 32 : 0)
        let buffer = worker.buffers.fill(capacity: room) { writer in
            head.writeForwarded(
                to: &writer, adding: exchange.responseLines.bytes, isChunked: isResponseChunked,
                persistence: persistence)
            guard copiesBody, let body, bodyLength > 0 else { return }
            if isResponseChunked {
                ChunkedOutput.append(body, to: &writer)
            } else {
                body.withUnsafeReadableBytes { writer.append($0.bindMemory(to: UInt8.self)) }
            }
        }
        if copiesBody, !(isComplete && isResponseChunked) {
            context.writeAndFlush(NIOAny(buffer), promise: nil)
        } else {
            context.write(NIOAny(buffer), promise: nil)
            if !copiesBody, let body { writeFramed(body, context) }
            if isComplete, isResponseChunked { ChunkedOutput.writeEnd([], to: context, worker.buffers) }
            context.flush()
        }
        worker.held.passed(bodyLength, through: self)
        if let tunnel {
            startTunnel(tunnel)
            if let body { passedThroughTunnel(body) }
        }
        if isComplete { responseFinished() }
    }

    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {
        guard let context else { return }
        hasResponded = true
        let shaped = exchange.shape(head)
        exchange.addDefaults(to: shaped)
        exchange.record.status = shaped.status
        exchange.beginResponse(shaped)
        let (head, body) = exchange.encoded(shaped, body, isComplete: isComplete)
        chooseFraming(head.length)
        if !canDiscardRequestBody, isComplete { keepsAlive = false }
        let bodyLength = body?.count ?? 0
        exchange.record.bytesOut += bodyLength
        // A short body of known length joins its head; chunks are framed by what writes bodies.
        var joined: ByteBuffer?
        if !isResponseChunked, bodyLength <= ChunkedOutput.copyLimit, case .memory(let buffer) = body {
            joined = buffer
        }
        let room = head.capacity(extra: exchange.responseLines.count) + (joined?.readableBytes ?? 0)
        let buffer = worker.buffers.fill(capacity: room) { writer in
            head.write(
                to: &writer, added: exchange.responseLines.bytes, isChunked: isResponseChunked,
                persistence: persistence)
            joined?.withUnsafeReadableBytes { writer.append($0.bindMemory(to: UInt8.self)) }
        }
        context.write(NIOAny(buffer), promise: nil)
        if joined == nil, let body { write(body, context) }
        if isComplete, isResponseChunked { ChunkedOutput.writeEnd([], to: context, worker.buffers) }
        context.flush()
        worker.held.passed(bodyLength, through: self)
        if isComplete { responseFinished() }
    }

    private func write(_ body: StoredBody, _ context: ChannelHandlerContext) {
        switch body {
        case .memory(let buffer): if buffer.readableBytes > 0 { writeFramed(buffer, context) }
        // TLS has to see the bytes.
        case .file where isResponseChunked || peer.isSecure: writeFramed(body.buffer, context)
        case .file(let file, let range):
            let (region, sent) = file.region(range)
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.whenComplete { _ in sent() }
            context.write(NIOAny(region), promise: promise)
        }
    }

    func write(_ body: ByteBuffer) {
        guard let context, body.readableBytes > 0 else { return }
        let body = exchange.encoded(body)
        guard body.readableBytes > 0 else { return }
        exchange.record.bytesOut += body.readableBytes
        writeFramed(body, context)
        context.flush()
        worker.held.passed(body.readableBytes, through: self)
        if tunnel != nil { passedThroughTunnel(body) }
    }

    func end(trailers: [UInt8]) {
        if let tap = exchange.tap { tap.sent(trailers: trailers) }
        if let context, let rest = exchange.encodedEnd(), rest.readableBytes > 0 {
            exchange.record.bytesOut += rest.readableBytes
            writeFramed(rest, context)
            if !isResponseChunked { context.flush() }
        }
        if let context, isResponseChunked {
            ChunkedOutput.writeEnd(trailers, to: context, worker.buffers)
            context.flush()
        }
        responseFinished()
    }

    func abort(_ failure: Failure) {
        guard context != nil else { return }
        exchange.record.failure = failure
        producer = nil
        abortConnection()
    }

    func attach(_ producer: any ResponseProducer) { deliverBody(to: producer) }

    func pauseBody() { isBodyPaused = true }

    func resumeBody() {
        isBodyPaused = false
        bodyPace.restart(bytes: exchange.record.bytesIn)
        if let producer { deliverBody(to: producer) }
    }

    var isWritable: Bool { channel.isWritable && !account.isHeldBack }

    func abandonedExchangeEnded(_ exchange: Exchange) { abandonedEnded() }

    /// Writes a reply without touching the exchange's fate.
    func write(_ reply: Reply, persistence: ResponseHead.Persistence) {
        guard let context else { return }
        let capacity = reply.capacity(extra: exchange.responseLines.count, requestID: exchange.requestID.count)
        let buffer = worker.buffers.fill(capacity: capacity) { writer in
            worker.date.withBytes { date in
                reply.write(
                    to: &writer, date: date, added: exchange.responseLines.bytes, requestID: exchange.requestID.bytes,
                    isHEAD: exchange.request.isHEAD, persistence: persistence)
            }
        }
        context.writeAndFlush(NIOAny(buffer), promise: nil)
        worker.held.passed(buffer.readableBytes, through: self)
    }

    /// What the client has to be told: an HTTP/1.0 client only keeps a connection that says so (RFC 9112 §9.3).
    private var persistence: ResponseHead.Persistence {
        keepsAlive ? (exchange.request.isHTTP11 ? .unsaid : .keepAlive) : .close
    }

    /// A body without a length goes out in chunks, or to an HTTP/1.0 client until the connection closes.
    private func chooseFraming(_ length: BodyLength) {
        switch length {
        case .none, .exactly: isResponseChunked = false
        case .chunked, .untilClose:
            isResponseChunked = exchange.request.isHTTP11
            if !isResponseChunked { keepsAlive = false }
        }
    }

    private func writeFramed(_ body: ByteBuffer, _ context: ChannelHandlerContext) {
        if isResponseChunked {
            ChunkedOutput.write(body, to: context, worker.buffers)
        } else {
            context.write(NIOAny(body), promise: nil)
        }
    }
}
