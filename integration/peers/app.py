"""A Python app that the OpenTelemetry distro traces, measures and logs; prints its trace id."""

import logging

from opentelemetry import metrics, trace

tracer = trace.get_tracer("peers.python")
orders = metrics.get_meter("peers.python").create_counter("orders", unit="{order}")
delay = metrics.get_meter("peers.python").create_histogram("order.delay", unit="ms")

with tracer.start_as_current_span("place order", kind=trace.SpanKind.SERVER) as order:
    order.set_attribute("order.items", 3)
    order.set_attribute("order.labels", ["gift", "fragile"])
    with tracer.start_as_current_span("reserve stock") as stock:
        stock.add_event("reserved", {"warehouse": "north"})
        try:
            raise ValueError("out of stock")
        except ValueError as error:
            stock.record_exception(error)
            stock.set_status(trace.StatusCode.ERROR, str(error))
        orders.add(2, {"channel": "web"})
        delay.record(12.5, {"channel": "web"})
        logging.getLogger("shop").warning("stock is low: %d left", 1)
    print(format(order.get_span_context().trace_id, "032x"))
