-- What makes wrk send one request again and again, and judge the answers:
-- wrk ... -s load.lua URL -- METHOD CONTENT_TYPE BODY_FILE ANSWER_FILE
local threads = {}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  wrk.method = args[1]
  if args[2] ~= "" then
    wrk.headers["Content-Type"] = args[2]
    wrk.body = read(args[3])
  end
  answer = args[4] ~= "" and read(args[4]) or nil
  right, wrong, refused, bare, other = 0, 0, 0, 0, 0
end

function response(status, headers, body)
  if status == 200 then
    if not answer or body == answer then right = right + 1 else wrong = wrong + 1 end
  elseif status == 503 or status == 429 then
    if headers["Retry-After"] then refused = refused + 1 else bare = bare + 1 end
  else
    other = other + 1
  end
end

function done(summary, latency, requests)
  local found = {}
  for _, name in ipairs({ "right", "wrong", "refused", "bare", "other" }) do
    local sum = 0
    for _, thread in ipairs(threads) do sum = sum + thread:get(name) end
    table.insert(found, string.format('"%s":%d', name, sum))
  end
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  print(string.format('JSON {%s,"broken":%d,"seconds":%f}', table.concat(found, ","), broken, summary.duration / 1e6))
end
