module pair

go 1.21
