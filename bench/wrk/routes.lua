-- All the resources of a site, and one part of each, in turn: see eddy_http_site.c.
local requests, last = {}, 0

function init()
  for i = 0, 249 do
    requests[#requests + 1] = wrk.format("GET", "/resource" .. i)
    requests[#requests + 1] = wrk.format("GET", "/resource" .. i .. "/12345/parts/wheel")
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end
