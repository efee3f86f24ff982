// The catalog: products from MariaDB, kept in Redis; their stock from inventory over gRPC; their discounts from promotions over HTTP.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

const connections = 64

const (
	findProduct  = "SELECT id, name, price FROM products WHERE id = ?"
	listProducts = "SELECT id, name, price FROM products ORDER BY id LIMIT 20"
	// Nobody made an index for this one.
	searchProducts = "SELECT id, name, SLEEP(0.004) FROM products WHERE name LIKE ? LIMIT 30"
)

type product struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Price    string `json:"price"`
	Stock    string `json:"stock,omitempty"`
	Discount string `json:"discount,omitempty"`
}

func catalog(t *truth) error {
	database := newMariadb(addressOf("MARIADB"), connections)
	cache := newRedis(addressOf("REDIS"), connections)
	stock := newGRPC(addressOf("INVENTORY"))
	promotions := newHTTP(os.Getenv("PROMOTIONS"), t)
	mux := http.NewServeMux()

	handle(mux, t, "GET /products/{id}", func(w http.ResponseWriter, r *http.Request, noted *request) {
		id := r.PathValue("id")
		found, err := cached(cache, noted, "product:"+id, func() (string, error) {
			rows, err := database.query(noted, findProduct, id)
			if err != nil || len(rows) == 0 {
				return "", err
			}
			text, err := json.Marshal(product{ID: rows[0][0], Name: rows[0][1], Price: rows[0][2]})
			return string(text), err
		})
		if err != nil || found == "" {
			answer(w, err, "no such product")
			return
		}
		var item product
		if err := json.Unmarshal([]byte(found), &item); err != nil {
			answer(w, err, "")
			return
		}
		item.Stock, err = stock.stock(noted, id)
		if err != nil {
			answer(w, err, "")
			return
		}
		_, discount := promotions.do(noted, "GET", "/promotions/"+id, nil)
		item.Discount = string(discount)
		json.NewEncoder(w).Encode(item)
	})

	if stockroom := os.Getenv("INVENTORY_HTTP"); stockroom != "" {
		sold := newHTTP2(stockroom, t)
		handle(mux, t, "POST /products/{id}/sold", func(w http.ResponseWriter, r *http.Request, noted *request) {
			id := r.PathValue("id")
			if _, err := cache.do(noted, "GET", "sold:"+id); err != nil {
				answer(w, err, "")
				return
			}
			_, left := sold.do(noted, "POST", "/stock/"+id+"/sold", nil)
			w.Write(left)
		})
	}

	handle(mux, t, "GET /products", func(w http.ResponseWriter, r *http.Request, noted *request) {
		rows, err := database.query(noted, listProducts)
		if err != nil {
			answer(w, err, "")
			return
		}
		json.NewEncoder(w).Encode(rows)
	})

	handle(mux, t, "GET /search/{word}", func(w http.ResponseWriter, r *http.Request, noted *request) {
		rows, err := database.query(noted, searchProducts, "%"+r.PathValue("word")+"%")
		if err != nil {
			answer(w, err, "")
			return
		}
		json.NewEncoder(w).Encode(rows)
	})
	return serveHTTP(mux)
}

// cached asks Redis first, and tells it what it did not know, for two seconds.
func cached(cache *redisStore, noted *request, key string, find func() (string, error)) (string, error) {
	if found, err := cache.do(noted, "GET", key); err != nil || found != "" {
		return found, err
	}
	found, err := find()
	if err == nil && found != "" {
		_, err = cache.do(noted, "SET", key, found, "EX", "2")
	}
	return found, err
}

// answer says what went wrong: 502 when a back end failed, 404 when there is nothing.
func answer(w http.ResponseWriter, err error, missing string) {
	if err != nil {
		http.Error(w, fmt.Sprint(err), http.StatusBadGateway)
		return
	}
	http.Error(w, missing, http.StatusNotFound)
}
