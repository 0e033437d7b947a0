-- What nginx + Lua does for each request: with a secret, the bearer's HS256 token is verified and its subject is the
-- consumer; then one EVALSHA over a pooled cosocket decides all buckets; then 401, 429, or the usual headers.
-- Debian ships no lua-resty-redis nor lua-resty-jwt; these few lines do their work for this one case, and less of it:
-- the claims are found by patterns instead of parsing JSON.
local script = [====[%SCRIPT%]====]
local secret = "%SECRET%"
local arguments = {%ARGUMENTS%}

-- Kept for the worker's life: this chunk is compiled once, but runs for every request.
local kept = package.loaded.sluice_bench
if not kept then
    local keys = #arguments / 2
    kept = { sha = nil, keys = keys, tail = "" }
    for _, argument in ipairs(arguments) do
        kept.tail = kept.tail .. "$" .. #argument .. "\r\n" .. argument .. "\r\n"
    end
    kept.start = "*" .. (3 + keys + #arguments) .. "\r\n$7\r\nEVALSHA\r\n$40\r\n"
    if secret ~= "" then
        kept.ffi = require "ffi"
        kept.ffi.cdef [[
            const void *EVP_sha256(void);
            unsigned char *HMAC(const void *md, const void *key, int length, const char *text, size_t count,
                                unsigned char *out, unsigned int *size);
        ]]
        kept.mac = kept.ffi.new "unsigned char[32]"
        kept.size = kept.ffi.new "unsigned int[1]"
    end
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

local function unbase64url(text)
    return ngx.decode_base64((text:gsub("-", "+"):gsub("_", "/")))
end

-- The subject of a valid token, or nil.
local function subject()
    local signed, payload, signature = (ngx.var.http_authorization or ""):match("^Bearer ([%w_-]+%.([%w_-]+))%.([%w_-]+)$")
    if not signed then return nil end
    local header = unbase64url(signed:match("^[^.]+"))
    if not header or not header:find('"alg":"HS256"', 1, true) then return nil end
    kept.ffi.C.HMAC(kept.ffi.C.EVP_sha256(), secret, #secret, signed, #signed, kept.mac, kept.size)
    local own = ngx.encode_base64(kept.ffi.string(kept.mac, 32), true):gsub("+", "-"):gsub("/", "_")
    if own ~= signature then return nil end
    local claims = unbase64url(payload)
    local expiry = claims and tonumber(claims:match('"exp":(%d+)'))
    if not expiry or expiry < ngx.time() then return nil end
    return claims:match('"sub":"([^"]*)"')
end

local keys
if secret ~= "" then
    local consumer = subject()
    if not consumer then
        ngx.header["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return ngx.exit(401)
    end
    ngx.req.set_header("X-Consumer", consumer)
    keys = { "bench:bucket:{all.consumer:" .. consumer .. "}", "bench:bucket:{all.route:all}" }
else
    keys = { "bench:bucket:{all.tenant:" .. (ngx.var.http_x_tenant or "") .. "}" }
end

local socket = ngx.socket.tcp()
socket:settimeout(1000)
local connected, failure = socket:connect("127.0.0.1", %REDIS_PORT%, { pool = "redis", pool_size = 128 })
if not connected then return failed(failure) end
if not kept.sha then
    socket:send("*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n$" .. #script .. "\r\n" .. script .. "\r\n")
    kept.sha = reply(socket)
end

local command = kept.start .. kept.sha .. "\r\n$1\r\n" .. #keys .. "\r\n"
for _, key in ipairs(keys) do command = command .. "$" .. #key .. "\r\n" .. key .. "\r\n" end
socket:send(command .. kept.tail)
local decision, wrong = reply(socket)
if not decision then return failed(wrong) end
socket:setkeepalive(600000, 128)

ngx.header["X-RateLimit-Limit"] = arguments[1]
ngx.header["X-RateLimit-Remaining"] = decision[2]
if decision[1] ~= 1 then
    ngx.header["Retry-After"] = 1
    return ngx.exit(429)
end
