<?php
// Answers as startNginx does: 100 bytes, 64 KiB, or the status that the path names.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
header('Content-Type: text/plain');
if (preg_match('#^/status/(\d{3})$#', $path, $found)) {
  http_response_code((int) $found[1]);
  echo 'status';
} else {
  echo str_repeat('x', $path === '/large' ? 65536 : 100);
}
