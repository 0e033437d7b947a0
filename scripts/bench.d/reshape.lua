-- Renames fullName to personal in a response of JSON, as the manuals of nginx's Lua module and of cjson would have it:
-- the body is gathered, decoded, changed and encoded. Included by body_filter_by_lua_file.
local cjson = require "cjson.safe"

local chunk, is_last = ngx.arg[1], ngx.arg[2]
local held = ngx.ctx.held
if not held then
    held = {}
    ngx.ctx.held = held
end
if chunk ~= "" then
    held[#held + 1] = chunk
end
if not is_last then
    ngx.arg[1] = nil
    return
end

local function rename(object)
    object.personal, object.fullName = object.fullName, nil
end

local body = cjson.decode(table.concat(held))
if body[1] then
    for _, element in ipairs(body) do
        rename(element)
    end
else
    rename(body)
end
ngx.arg[1] = cjson.encode(body)
