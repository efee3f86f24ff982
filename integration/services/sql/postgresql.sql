-- Orders of the shop; only products up to 200 are sold.
CREATE TABLE sold (product INT PRIMARY KEY);
INSERT INTO sold SELECT generate_series(1, 200);
CREATE TABLE orders (id BIGSERIAL PRIMARY KEY, account INT, product INT REFERENCES sold, shipped BOOLEAN DEFAULT false);
