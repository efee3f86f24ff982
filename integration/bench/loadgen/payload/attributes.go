// Attributes, resources and the pools their values come from, shared by all signals.
package payload

import "fmt"

var services = []string{
	"cart", "checkout", "payment", "catalog", "inventory", "shipping", "recommendation", "frontend", "auth", "search",
}

var routes = []string{
	"/api/v1/orders/{id}", "/api/v1/orders", "/api/v1/cart/{user}/items", "/api/v1/products/{sku}", "/api/v1/search",
	"/api/v1/users/{id}/addresses", "/api/v1/payments/{id}/capture", "/api/v1/inventory/{sku}/reserve",
	"/api/v1/recommendations", "/healthz",
}

var userAgents = []string{
	"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 Safari/604.1",
	"okhttp/4.12.0", "python-requests/2.32.5", "Go-http-client/2.0",
}

func pick(random *Random, pool []string) string { return pool[random.below(len(pool))] }

// attribute is a KeyValue (field number as its parent has it) of a string.
func attribute(field int, key, value string) node {
	return message(field, text(1, key), message(2, text(1, value)))
}

func intAttribute(field int, key string, value uint64) node {
	return message(field, text(1, key), message(2, varint(3, value)))
}

// portAttribute is an integer that differs in every request.
func portAttribute(field int, key string) node {
	return message(field, text(1, key), message(2, varint(3, 8192).freshBy(fresh{kind: asPort})))
}

func boolAttribute(field int, key string) node {
	return message(field, text(1, key), message(2, varint(2, 1)))
}

func doubleAttribute(field int, key string) node {
	return message(field, text(1, key), message(2, double(4, 1).freshBy(fresh{kind: asDouble})))
}

// resource is field 1 of Resource{Spans,Logs,Metrics}: 17 attributes of one of 64 pods of a service.
func resource(index int, random *Random) node {
	service := services[index%len(services)]
	pod := func(key, value string) node {
		return message(1, text(1, key), message(2, text(1, value).freshBy(fresh{kind: asPodDigits, index: uint64(index)})))
	}
	return message(1,
		attribute(1, "service.name", service),
		attribute(1, "service.namespace", "shop"),
		attribute(1, "service.version", fmt.Sprintf("2.%d.%d", random.below(9), random.below(9))),
		pod("service.instance.id", "~~~~~~~~-1c2d-4e3f-8a9b-~~~~~~~~~~~~"),
		attribute(1, "deployment.environment.name", "production"),
		attribute(1, "telemetry.sdk.name", "opentelemetry"),
		attribute(1, "telemetry.sdk.language", "java"),
		attribute(1, "telemetry.sdk.version", "1.54.1"),
		pod("host.name", "ip-10-2-~~~~.eu-central-1.compute.internal"),
		attribute(1, "host.arch", "amd64"),
		attribute(1, "os.type", "linux"),
		intAttribute(1, "process.pid", 1),
		attribute(1, "k8s.cluster.name", "prod-eu-1"),
		attribute(1, "k8s.namespace.name", "shop"),
		pod("k8s.pod.name", service+"-7d9f8b6c54-~~~~~"),
		pod("k8s.pod.uid", "~~~~~~~~-77aa-4bcd-9e00-~~~~~~~~~~~~"),
		pod("container.id", "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~"),
	)
}

// scope is field 1 of Scope{Spans,Logs,Metrics}.
func scope(name string) node { return message(1, text(1, name), text(2, "2.20.1-alpha")) }

const schemaURL = "https://opentelemetry.io/schemas/1.37.0"

// split spreads items over resources of a hundred each: ten for a large request, one for a small one.
func split(items int, each func(resourceIndex, from, to int)) {
	const perResource = 100
	for from := 0; from < items; from += perResource {
		each(from/perResource, from, min(from+perResource, items))
	}
}
