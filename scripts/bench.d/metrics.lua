-- What a Prometheus module does at the end of each request: a counter and a latency histogram in shared memory.
local counts = ngx.shared.counts
counts:incr("requests|all|" .. math.floor(ngx.status / 100), 1, 0)
local seconds = tonumber(ngx.var.request_time) or 0
for _, bound in ipairs({ 0.001, 0.005, 0.025, 0.1, 0.5, 2.5 }) do
    if seconds <= bound then
        counts:incr("latency|all|" .. bound, 1, 0)
        break
    end
end
counts:incr("latency_sum|all", seconds, 0)
