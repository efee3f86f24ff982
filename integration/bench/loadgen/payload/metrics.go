// Metric points: 40 % sums, 30 % gauges, 30 % histograms, five points a metric; the series repeat, times and values do not.
package payload

const pointsPerMetric = 5

// metrics returns the fields of an ExportMetricsServiceRequest; items counts data points.
func metrics(items int, random *Random) []node {
	var resources []node
	split(items, func(index, from, to int) {
		list := []node{scope("io.opentelemetry.runtime-telemetry-java17")}
		for i := from; i < to; i += pointsPerMetric {
			list = append(list, metric(i/pointsPerMetric, min(pointsPerMetric, to-i), random))
		}
		resources = append(resources, message(1, resource(index, random), message(2, list...), text(3, schemaURL)))
	})
	return resources
}

var (
	sumNames       = []string{"http.server.request.count", "jvm.gc.count", "rpc.client.calls", "db.client.operations"}
	gaugeNames     = []string{"jvm.memory.used", "process.cpu.utilization", "db.client.connection.count"}
	histogramNames = []string{"http.server.request.duration", "db.client.operation.duration", "http.client.request.duration"}
)

func metric(index, points int, random *Random) node {
	switch index % 10 {
	case 0, 1, 2, 3:
		data := []node{varint(2, 2), varint(3, 1)}
		for i := range points {
			data = append(data, number(index, i, random))
		}
		return message(2, text(1, pick(random, sumNames)), text(2, "Calls that ended"), text(3, "{call}"), message(7, data...))
	case 4, 5, 6:
		var data []node
		for i := range points {
			data = append(data, number(index, i, random))
		}
		return message(2, text(1, pick(random, gaugeNames)), text(2, "What is in use now"), text(3, "By"), message(5, data...))
	default:
		data := []node{varint(2, 2)}
		for i := range points {
			data = append(data, histogram(i, random))
		}
		return message(2, text(1, pick(random, histogramNames)), text(2, "Duration of calls"), text(3, "s"), message(9, data...))
	}
}

func number(index, point int, random *Random) node {
	value := fixed64(6, 0).freshBy(fresh{kind: asInteger})
	if index%2 == 0 {
		value = double(4, 0).freshBy(fresh{kind: asDouble})
	}
	fields := append(series(7, point, random), value)
	return message(1, append(fields, pointTimes()...)...)
}

func histogram(point int, random *Random) node {
	fields := series(9, point, random)
	bounds := []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
	packedBounds := make([]byte, 0, 8*len(bounds))
	for _, bound := range bounds {
		packedBounds = appendDouble(packedBounds, bound)
	}
	counts := make([]byte, 0, 8*(len(bounds)+1))
	for range len(bounds) + 1 {
		counts = append(counts, byte(random.next()), byte(random.next()), 0, 0, 0, 0, 0, 0)
	}
	fields = append(fields,
		fixed64(4, 0).freshBy(fresh{kind: asInteger}),
		double(5, 0).freshBy(fresh{kind: asDouble}),
		bytesField(6, counts),
		bytesField(7, packedBounds),
		double(11, 0).freshBy(fresh{kind: asDouble}),
		double(12, 0).freshBy(fresh{kind: asDouble}),
	)
	return message(1, append(fields, pointTimes()...)...)
}

// pointTimes are start_time_unix_nano and time_unix_nano, fields 2 and 3 of every kind of point.
func pointTimes() []node {
	return []node{fixed64(2, 1_760_000_000_000_000_000), fixed64(3, 0).freshBy(fresh{kind: asNow})}
}

func series(field, point int, random *Random) []node {
	return []node{
		attribute(field, "http.request.method", pick(random, []string{"GET", "POST", "PUT"})),
		attribute(field, "http.route", routes[point%len(routes)]),
		intAttribute(field, "http.response.status_code", 200),
		attribute(field, "network.protocol.version", "1.1"),
		attribute(field, "url.scheme", "https"),
		attribute(field, "server.port", "8443"),
	}
}
