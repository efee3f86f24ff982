<?php
/** Promotions: the discount of a product, from MariaDB. A process for each request, as PHP-FPM does it. */

$service = getenv('SERVICE_NAME') ?: 'promotions';
$truth = getenv('TRUTH');
$number = 0;
$calls = [];

/** Unix nanoseconds. */
function now(): int
{
    return (int) (microtime(true) * 1e9);
}

/** Runs a statement and notes it; a literal in it makes it unique. */
function query(mysqli $database, string $statement): array|false
{
    global $calls;
    $start = now();
    $status = 'ok';
    try {
        $rows = $database->query($statement)->fetch_all();
    } catch (mysqli_sql_exception $error) {
        $status = (string) $error->getCode();
        $rows = false;
    }
    $calls[] = ['protocol' => 'mysql', 'address' => substr(getenv('MARIADB'), strlen('tcp://')), 'method' => strtok($statement, ' '), 'target' => $statement,
        'status' => $status, 'localPort' => 0, 'tls' => false, 'start' => $start, 'end' => now()];
    return $rows;
}

$start = now();
[$host, $port] = explode(':', substr(getenv('MARIADB'), strlen('tcp://')));
$product = (int) basename(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH));
// A connection of the process, kept from request to request.
$database = new mysqli("p:$host", 'root', '', 'shop', (int) $port);
$unique = $truth === false ? '' : ', ' . hrtime(true);
$rows = query($database, "SELECT percent$unique FROM promotions WHERE product = $product");
$status = $rows === false ? 502 : 200;
http_response_code($status);
echo $rows[0][0] ?? 0;
if ($truth !== false) {
    fastcgi_finish_request();
    $line = ['service' => $service, 'pid' => getmypid(), 'tid' => getmypid(), 'protocol' => 'fastcgi', 'method' => $_SERVER['REQUEST_METHOD'],
        'target' => $_SERVER['REQUEST_URI'], 'status' => (string) $status, 'localPort' => 0, 'remotePort' => 0,
        'start' => $start, 'end' => now(), 'calls' => $calls];
    file_put_contents($truth, json_encode($line, JSON_UNESCAPED_SLASHES) . "\n", FILE_APPEND | LOCK_EX);
}
