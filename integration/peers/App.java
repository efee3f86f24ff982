// A Java app without a line of instrumentation: it serves one request to itself, and the OpenTelemetry agent sees it.
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.logging.Logger;

public class App {
  public static void main(String[] arguments) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/basket", exchange -> {
      Logger.getLogger("shop").warning("the basket is empty");
      byte[] body = "[]".getBytes();
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    server.start();
    URI uri = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/basket");
    HttpRequest request = HttpRequest.newBuilder(uri).build();
    HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    System.out.println(response.statusCode());
    // Two export intervals of the agent's metrics.
    Thread.sleep(1500);
    server.stop(0);
    System.exit(0);
  }
}
