-- Products, promotions and accounts of the shop.
CREATE DATABASE shop;
USE shop;
CREATE TABLE products (id INT PRIMARY KEY, name VARCHAR(80), price DECIMAL(8, 2));
INSERT INTO products SELECT seq, CONCAT(ELT(1 + seq % 5, 'tea', 'coffee', 'cocoa', 'mate', 'chai'), ' number ', seq), seq * 1.25 FROM seq_1_to_200;
CREATE TABLE promotions (product INT PRIMARY KEY, percent INT);
INSERT INTO promotions SELECT seq * 3, 5 + seq % 20 FROM seq_1_to_60;
CREATE TABLE accounts (id INT PRIMARY KEY, name VARCHAR(80), blocked BOOLEAN);
INSERT INTO accounts SELECT seq, CONCAT('customer ', seq), seq % 20 = 0 FROM seq_1_to_500;
