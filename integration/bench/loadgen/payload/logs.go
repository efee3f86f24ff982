// Log records: application lines of about 450 bytes with six or seven attributes, most of them inside a trace.
package payload

const logStepNs = 731_000

// logs returns the fields of an ExportLogsServiceRequest.
func logs(items int, random *Random) []node {
	var resources []node
	split(items, func(index, from, to int) {
		records := []node{scope("com.shop.orders.OrderController")}
		for i := from; i < to; i++ {
			records = append(records, logRecord(i, random))
		}
		resources = append(resources, message(1, resource(index, random), message(2, records...), text(3, schemaURL)))
	})
	return resources
}

var logBodies = []string{
	"order ######## accepted for customer cust-########## in ### ms, total 1##.## EUR, payment authorised by provider with reference ~~~~~~~~~~~~",
	"retrying call to inventory for sku ########: attempt 2 of 5 failed with status 503, next attempt in ### ms",
	"cache miss for key cart:########:items, loaded ## rows from postgres in ## ms (pool active=1#, idle=#)",
	"user session ~~~~~~~~~~~~~~~~ refreshed, expires in 3### s",
}

func logRecord(i int, random *Random) node {
	severity, name := uint64(9), "INFO"
	if random.chance(15) {
		severity, name = 13, "WARN"
	} else if random.chance(4) {
		severity, name = 17, "ERROR"
	}
	fields := []node{
		fixed64(1, 0).freshBy(fresh{kind: asTime, index: uint64(i) * logStepNs}),
		fixed64(11, 0).freshBy(fresh{kind: asTime, index: uint64(i)*logStepNs + 2_000_000}),
		varint(2, severity),
		text(3, name),
		message(5, text(1, "[order-service] "+pick(random, logBodies)+" (attempt #)")),
		attribute(6, "code.function.name", "com.shop.orders.OrderController."+pick(random, []string{"accept", "reserve", "cancel"})),
		attribute(6, "thread.name", "http-nio-8080-exec-"+pick(random, []string{"1", "2", "3", "4", "5"})),
		intAttribute(6, "code.line.number", uint64(100+random.below(28))),
		attribute(6, "http.route", pick(random, routes)),
		attribute(6, "enduser.id", "cust-##########"),
		attribute(6, "session.id", "~~~~~~~~~~~~~~~~"),
	}
	if random.chance(80) {
		fields = append(fields,
			fixed32(8, 1),
			bytesField(9, make([]byte, 16)).freshBy(fresh{kind: asTraceID, index: uint64(i / 4)}),
			bytesField(10, make([]byte, 8)).freshBy(fresh{kind: asSpanID, index: uint64(i / 2)}),
		)
	}
	if random.chance(50) {
		fields = append(fields, portAttribute(6, "network.peer.port"))
	}
	return message(2, fields...)
}
