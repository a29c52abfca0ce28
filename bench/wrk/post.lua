-- A POST of so many bytes: wrk ... URL -- BYTES
function init(arguments)
  wrk.method = "POST"
  wrk.body = string.rep("x", tonumber(arguments[1]))
  wrk.headers["Content-Type"] = "application/octet-stream"
end
