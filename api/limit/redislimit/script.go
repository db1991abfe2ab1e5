package redislimit

import (
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"holdfast/api/limit"
)

// take is the generic cell rate algorithm for some buckets of one call, in their order, until one refuses.
//
// KEYS are the buckets. ARGV has two numbers for each: what the call puts it ahead, and how far it may be ahead, in
// microseconds. The answer is the index of the bucket that refuses (0: none), and for each bucket up to there how far
// ahead it is, in nanoseconds. A key's value is the moment at which its bucket is full, in microseconds since 2026: a
// double keeps a sixteenth of one exactly for ten years.
//
// A bucket is never further ahead than it may be: a clock of Redis that steps back refuses nobody for longer.
var take = redis.NewScript(`
local function keep(key, now, ahead)
  local life = math.min(math.ceil(ahead / 1000) + 1, 1e12)
  redis.call('SET', key, string.format('%.17g', now + ahead), 'PX', string.format('%.0f', life))
end
local clock = redis.call('TIME')
local now = (tonumber(clock[1]) - 1767225600) * 1000000 + tonumber(clock[2])
local answer = {0}
for i = 1, #KEYS do
  local cost, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local full = redis.call('GET', KEYS[i])
  local ahead = 0
  if full then ahead = (tonumber(full) or now) - now end
  local far = ahead > burst
  ahead = math.min(math.max(ahead, 0), burst)
  if ahead + cost > burst then
    if far then keep(KEYS[i], now, ahead) end
    answer[1] = i
    answer[i + 1] = math.floor(ahead * 1000 + 0.5)
    return answer
  end
  ahead = ahead + cost
  keep(KEYS[i], now, ahead)
  answer[i + 1] = math.floor(ahead * 1000 + 0.5)
end
return answer
`)

// keysOf names buckets. The braces keep those of one call on one node of a Redis Cluster's proxy.
func keysOf(buckets []limit.Bucket) []string {
	keys := make([]string, len(buckets))
	for i := range buckets {
		keys[i] = fmt.Sprintf("{holdfast}:limit:%s:%x", buckets[i].Limit, buckets[i].Key)
	}
	return keys
}

func argsOf(buckets []limit.Bucket) []any {
	args := make([]any, 0, 2*len(buckets))
	for i := range buckets {
		args = append(args, micros(buckets[i].Cost), micros(buckets[i].Burst))
	}
	return args
}

// micros writes nanoseconds as microseconds, without an exponent: not every Lua reads one.
func micros(nanoseconds int64) string {
	return strconv.FormatFloat(float64(nanoseconds)/1000, 'f', -1, 64)
}

// read puts the script's answer into the buckets.
func read(answer []int64, buckets []limit.Bucket) (refuses int, err error) {
	refuses = -1
	reached := len(buckets)
	if len(answer) > 0 && answer[0] > 0 {
		refuses = int(answer[0]) - 1
		reached = refuses + 1
	}
	if reached > len(buckets) || len(answer) != reached+1 {
		return 0, fmt.Errorf("redislimit: the script answered %v for %d buckets", answer, len(buckets))
	}
	for i := range buckets[:reached] {
		if buckets[i].Ahead = answer[i+1]; buckets[i].Ahead < 0 {
			return 0, fmt.Errorf("redislimit: the script answered %v", answer)
		}
	}
	return refuses, nil
}
