package orders;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Orders: a thread for each request, PostgreSQL by JDBC, accounts asked over HTTP, and new orders told to Kafka.
 * POST /orders?… takes {"account":"7","product":"3"}; GET /orders/N; PUT /orders/N/shipped.
 */
public final class Main {
  private final Database database = new Database(System.getenv("POSTGRESQL").substring("tcp://".length()));
  private final String accounts = System.getenv("ACCOUNTS");
  private final String kafka = System.getenv("KAFKA") == null ? null : System.getenv("KAFKA").substring("tcp://".length());
  private final KafkaProducer<String, String> producer;

  private Main() {
    StringSerializer texts = new StringSerializer();
    producer = kafka == null
        ? null
        : new KafkaProducer<>(Map.of("bootstrap.servers", kafka, "linger.ms", "0"), texts, texts);
  }

  public static void main(String[] args) throws Exception {
    String[] listen = System.getenv("HTTP").split(":");
    Main service = new Main();
    HttpServer server = HttpServer.create(new InetSocketAddress(listen[0], Integer.parseInt(listen[1])), 256);
    server.createContext("/orders", service::handle);
    server.setExecutor(Executors.newFixedThreadPool(64));
    server.start();
  }

  private void handle(HttpExchange exchange) {
    String path = exchange.getRequestURI().getPath();
    Truth truth = new Truth(exchange.getRequestMethod(), exchange.getRequestURI().toString(),
        exchange.getLocalAddress().getPort(), exchange.getRemoteAddress().getPort());
    int status = 500;
    String answer = "";
    try (InputStream input = exchange.getRequestBody()) {
      String body = new String(input.readAllBytes(), StandardCharsets.UTF_8);
      String[] parts = path.split("/");
      switch (exchange.getRequestMethod()) {
        case "POST" -> {
          String account = field(body, "account");
          if (!account(truth, account)) {
            status = 402;
            answer = "this account may not buy";
          } else {
            answer = create(truth, account, field(body, "product"));
            // Nobody thought of products that are not sold.
            status = answer == null ? 500 : 201;
          }
        }
        case "PUT" -> {
          answer = database.query(truth, "UPDATE orders SET shipped = true WHERE id = ? RETURNING id", Long.parseLong(parts[2]));
          status = answer.isEmpty() ? 404 : 200;
        }
        default -> {
          answer = database.query(truth, "SELECT product FROM orders WHERE id = ?", Long.parseLong(parts[2]));
          status = answer.isEmpty() ? 404 : 200;
        }
      }
    } catch (Exception error) {
      answer = error.toString();
    }
    try {
      byte[] bytes = (answer == null ? "" : answer).getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
      try (OutputStream output = exchange.getResponseBody()) {
        output.write(bytes);
      }
    } catch (java.io.IOException error) {
      // The client has left: there is nobody to tell.
      status = 0;
    }
    truth.finish(status);
  }

  /** The new order's number; null when the product is not sold (the foreign key refuses it). */
  private String create(Truth truth, String account, String product) throws Exception {
    String order = database.query(truth, "INSERT INTO orders (account, product) VALUES (?, ?) RETURNING id",
        Integer.parseInt(account), Integer.parseInt(product));
    if (order != null && producer != null) {
      String record = "{\"order\":\"" + order + "\",\"product\":\"" + product + "\"}";
      // The producer sends from a thread of its own.
      truth.call("kafka", kafka, "Produce", "orders", () -> {
        producer.send(new ProducerRecord<>("orders", record)).get(10, TimeUnit.SECONDS);
        return new Truth.Outcome("ok", 0);
      });
    }
    return order;
  }

  private boolean account(Truth truth, String account) throws Exception {
    if (accounts == null) return true;
    URI uri = URI.create(accounts + Truth.marked("/accounts/" + account));
    int[] status = {0};
    truth.call("http", uri.getAuthority(), "GET", uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery()), () -> {
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
      status[0] = connection.getResponseCode();
      InputStream body = status[0] < 400 ? connection.getInputStream() : connection.getErrorStream();
      if (body != null) {
        try (body) {
          body.readAllBytes();
        }
      }
      return new Truth.Outcome(String.valueOf(status[0]), 0);
    });
    return status[0] == 200;
  }

  /** The text after "name":" up to the next quote. */
  private static String field(String json, String name) {
    int at = json.indexOf("\"" + name + "\":\"");
    if (at < 0) return "";
    int from = at + name.length() + 4;
    return json.substring(from, json.indexOf('"', from));
  }
}
