-- Feeds of users drawn at random. Arguments: how many users, a seed.

local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(args)
    users = tonumber(args[1])
    math.randomseed(tonumber(args[2]) * 1000 + number)
end

function request()
    return wrk.format("GET", "/v1/feed/u" .. math.random(0, users - 1))
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests":%d,"micros":%d,"bytes":%d,"p50":%d,"p90":%d,"p99":%d,"p999":%d,"max":%d,' ..
        '"errors":%d}\n',
        summary.requests, summary.duration, summary.bytes,
        latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9),
        latency.max, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
