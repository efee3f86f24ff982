// Spans: HTTP servers and clients, databases and messaging, 12.6 attributes each, 12 % with an event, 2 % with a link.
package payload

// 4318 µs steps between spans keep start times apart within one request.
const spanStepNs = 4_318_000

// traces returns the fields of an ExportTraceServiceRequest.
func traces(items int, random *Random) []node {
	var resources []node
	split(items, func(index, from, to int) {
		spans := []node{scope("io.opentelemetry.spring-webmvc-6.0")}
		for i := from; i < to; i++ {
			spans = append(spans, span(i, random))
		}
		resources = append(resources, message(1, resource(index, random), message(2, spans...), text(3, schemaURL)))
	})
	return resources
}

const (
	kindInternal = 1
	kindServer   = 2
	kindClient   = 3
	kindProducer = 4
)

func span(i int, random *Random) node {
	const spansPerTrace = 8
	start := uint64(i) * spanStepNs
	fields := []node{
		bytesField(1, make([]byte, 16)).freshBy(fresh{kind: asTraceID, index: uint64(i / spansPerTrace)}),
		bytesField(2, make([]byte, 8)).freshBy(fresh{kind: asSpanID, index: uint64(i)}),
		fixed64(7, 0).freshBy(fresh{kind: asTime, index: start}),
		fixed64(8, 0).freshBy(fresh{kind: asTime, index: start + 2_000_000 + uint64(random.below(40_000_000))}),
		fixed32(16, 0x101),
	}
	if i%spansPerTrace != 0 {
		parent := i - 1 - random.below(i%spansPerTrace)
		fields = append(fields, bytesField(4, make([]byte, 8)).freshBy(fresh{kind: asSpanID, index: uint64(parent)}))
	}
	switch roll := random.below(100); {
	case roll < 40:
		fields = append(fields, httpServer(random)...)
	case roll < 65:
		fields = append(fields, httpClient(random)...)
	case roll < 85:
		fields = append(fields, database(random)...)
	case roll < 95:
		fields = append(fields, producer(random)...)
	default:
		fields = append(fields, internal(random)...)
	}
	if random.chance(12) {
		fields = append(fields, exception(start))
	}
	if random.chance(2) {
		fields = append(fields, link(i))
	}
	if random.chance(3) {
		fields = append(fields, message(15, text(2, "upstream answered 503 after ### ms"), varint(3, 2)))
	}
	return message(2, fields...)
}

func httpServer(random *Random) []node {
	route := pick(random, routes)
	return []node{
		text(5, "GET "+route), varint(6, kindServer),
		attribute(9, "http.request.method", "GET"),
		attribute(9, "url.path", "/api/v1/orders/########"),
		attribute(9, "url.scheme", "https"),
		attribute(9, "url.query", "user=######&page=##"),
		attribute(9, "http.route", route),
		intAttribute(9, "http.response.status_code", 200),
		attribute(9, "server.address", "shop.example.com"),
		intAttribute(9, "server.port", 443),
		attribute(9, "client.address", "10.2#.1#.1##"),
		attribute(9, "user_agent.original", pick(random, userAgents)),
		attribute(9, "network.protocol.version", "1.1"),
		attribute(9, "network.peer.address", "10.4.1#.1##"),
		portAttribute(9, "network.peer.port"),
		attribute(9, "thread.name", "http-nio-8080-exec-"+pick(random, []string{"1", "2", "3", "4", "5", "6", "7"})),
	}
}

func httpClient(random *Random) []node {
	return []node{
		text(5, "POST"), varint(6, kindClient),
		attribute(9, "http.request.method", "POST"),
		attribute(9, "url.full", "http://"+pick(random, services)+".shop.svc.cluster.local:8080/api/v1/reserve/########?trace=~~~~~~~~"),
		intAttribute(9, "http.response.status_code", 201),
		attribute(9, "server.address", pick(random, services)+".shop.svc.cluster.local"),
		intAttribute(9, "server.port", 8080),
		attribute(9, "network.protocol.name", "http"),
		attribute(9, "network.protocol.version", "2"),
		attribute(9, "network.peer.address", "10.4.1#.1##"),
		portAttribute(9, "network.peer.port"),
		intAttribute(9, "http.request.body.size", 1834),
		attribute(9, "thread.name", "reactor-http-epoll-3"),
		boolAttribute(9, "http.connection.reused"),
	}
}

func database(random *Random) []node {
	table := pick(random, []string{"orders", "order_items", "users", "products", "payments"})
	return []node{
		text(5, "SELECT "+table), varint(6, kindClient),
		attribute(9, "db.system.name", "postgresql"),
		attribute(9, "db.namespace", "shop"),
		attribute(9, "db.operation.name", "SELECT"),
		attribute(9, "db.collection.name", table),
		attribute(9, "db.query.text", "SELECT id, user_id, status, total_cents, created_at FROM "+table+" WHERE user_id = ######## AND status = ? ORDER BY created_at DESC LIMIT 50"),
		attribute(9, "server.address", "pg-primary.shop.svc.cluster.local"),
		intAttribute(9, "server.port", 5432),
		attribute(9, "network.peer.address", "10.4.1#.1##"),
		intAttribute(9, "db.response.returned_rows", uint64(random.below(50))),
		attribute(9, "thread.name", "http-nio-8080-exec-4"),
		doubleAttribute(9, "db.client.wait_ms"),
	}
}

func producer(random *Random) []node {
	topic := pick(random, []string{"orders.created", "payments.captured", "stock.changed"})
	return []node{
		text(5, "send "+topic), varint(6, kindProducer),
		attribute(9, "messaging.system", "kafka"),
		attribute(9, "messaging.destination.name", topic),
		attribute(9, "messaging.operation.name", "send"),
		attribute(9, "messaging.operation.type", "send"),
		attribute(9, "messaging.client.id", "producer-~~~~"),
		attribute(9, "messaging.kafka.message.key", "order-########"),
		attribute(9, "messaging.destination.partition.id", "1#"),
		intAttribute(9, "messaging.message.body.size", 912),
		attribute(9, "server.address", "kafka-0.kafka.shop.svc.cluster.local"),
		intAttribute(9, "server.port", 9092),
		attribute(9, "thread.name", "kafka-producer-network-thread"),
	}
}

func internal(random *Random) []node {
	return []node{
		text(5, "PriceCalculator.total"), varint(6, kindInternal),
		attribute(9, "code.function.name", "com.shop.pricing.PriceCalculator.total"),
		attribute(9, "code.file.path", "src/main/java/com/shop/pricing/PriceCalculator.java"),
		intAttribute(9, "code.line.number", uint64(100+random.below(20))),
		attribute(9, "shop.customer.id", "cust-##########"),
		attribute(9, "shop.cart.id", "~~~~~~~~~~~~~~~~"),
		intAttribute(9, "shop.cart.items", uint64(random.below(30))),
		boolAttribute(9, "shop.customer.returning"),
		attribute(9, "thread.name", "pricing-pool-2"),
	}
}

func exception(start uint64) node {
	return message(11,
		fixed64(1, 0).freshBy(fresh{kind: asTime, index: start + 1_000_000}),
		text(2, "exception"),
		attribute(3, "exception.type", "java.net.SocketTimeoutException"),
		attribute(3, "exception.message", "connect timed out after #### ms to 10.4.1#.1##"),
		attribute(3, "exception.stacktrace", "java.net.SocketTimeoutException: connect timed out\n"+
			"\tat java.base/sun.nio.ch.NioSocketImpl.timedFinishConnect(NioSocketImpl.java:546)\n"+
			"\tat java.base/sun.nio.ch.NioSocketImpl.connect(NioSocketImpl.java:597)\n"+
			"\tat java.base/java.net.SocksSocketImpl.connect(SocksSocketImpl.java:327)\n"+
			"\tat java.base/java.net.Socket.connect(Socket.java:751)\n"+
			"\tat okhttp3.internal.platform.Platform.connectSocket(Platform.kt:128)\n"+
			"\tat okhttp3.internal.connection.RealConnection.connectSocket(RealConnection.kt:295)\n"+
			"\tat com.shop.http.Client.send(Client.java:88)"),
	)
}

func link(i int) node {
	return message(13,
		bytesField(1, make([]byte, 16)).freshBy(fresh{kind: asTraceID, index: uint64(i + 500_000)}),
		bytesField(2, make([]byte, 8)).freshBy(fresh{kind: asSpanID, index: uint64(i + 500_000)}),
		attribute(4, "messaging.batch.message_count", "##"),
	)
}
