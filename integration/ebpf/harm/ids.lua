-- wrk asks with an id that no other request has
local threads = 0
function setup(thread)
  thread:set("name", "w" .. threads)
  threads = threads + 1
end
local count = 0
function request()
  count = count + 1
  return wrk.format("GET", "/storm?id=" .. name .. "-" .. count)
end
