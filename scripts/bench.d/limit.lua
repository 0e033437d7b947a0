-- What nginx + Lua does for each request: one EVALSHA over a pooled cosocket, then 429 or the usual headers.
-- Debian ships no lua-resty-redis; these few lines do its work for one command, with the request built in one string.
local script = [====[%SCRIPT%]====]
local arguments = {%ARGUMENTS%}

-- Kept for the worker's life: this chunk is compiled once, but runs for every request.
local kept = package.loaded.sluice_bench
if not kept then
    kept = { sha = nil, tail = "" }
    for _, argument in ipairs(arguments) do
        kept.tail = kept.tail .. "$" .. #argument .. "\r\n" .. argument .. "\r\n"
    end
    kept.start = "*" .. (4 + #arguments) .. "\r\n$7\r\nEVALSHA\r\n$40\r\n"
    package.loaded.sluice_bench = kept
end

local function reply(socket)
    local line, failure = socket:receive()
    if not line then return nil, failure end
    local kind, rest = line:byte(1), line:sub(2)
    if kind == 58 then return tonumber(rest) end -- ":"
    if kind == 42 then -- "*"
        local list = {}
        for index = 1, tonumber(rest) do list[index] = reply(socket) end
        return list
    end
    if kind == 36 then -- "$"
        local text = socket:receive(tonumber(rest) + 2)
        return text and text:sub(1, -3)
    end
    return nil, rest
end

local function failed(what)
    ngx.log(ngx.ERR, "limit: ", what)
    return ngx.exit(503)
end

local socket = ngx.socket.tcp()
socket:settimeout(1000)
local connected, failure = socket:connect("127.0.0.1", %REDIS_PORT%, { pool = "redis", pool_size = 128 })
if not connected then return failed(failure) end
if not kept.sha then
    socket:send("*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n$" .. #script .. "\r\n" .. script .. "\r\n")
    kept.sha = reply(socket)
end

local key = "bench:bucket:{all.tenant:" .. (ngx.var.http_x_tenant or "") .. "}"
socket:send(kept.start .. kept.sha .. "\r\n$1\r\n1\r\n$" .. #key .. "\r\n" .. key .. "\r\n" .. kept.tail)
local decision, wrong = reply(socket)
if not decision then return failed(wrong) end
socket:setkeepalive(600000, 128)

ngx.header["X-RateLimit-Limit"] = arguments[5]
ngx.header["X-RateLimit-Remaining"] = decision[2]
if decision[1] ~= 1 then
    ngx.header["Retry-After"] = math.ceil(decision[4] / 1000000)
    return ngx.exit(429)
end
