// Shipping: reads orders from Kafka, takes what was sold from the inventory, and tells the orders service that they are on their way.
package main

import (
	"encoding/json"
	"os"
)

func shipping(t *truth) error {
	inventory := newHTTP(os.Getenv("INVENTORY"), t)
	orders := newHTTP(os.Getenv("ORDERS"), t)
	return consume(addressOf("KAFKA"), "orders", func(value []byte, localPort int) {
		var order struct{ Order, Product string }
		if json.Unmarshal(value, &order) != nil {
			return
		}
		noted := t.begin("kafka", "Fetch", "orders", localPort, 0)
		inventory.do(noted, "POST", "/stock/"+order.Product+"/sold", nil)
		orders.do(noted, "PUT", "/orders/"+order.Order+"/shipped", nil)
		noted.finish("ok")
	})
}
