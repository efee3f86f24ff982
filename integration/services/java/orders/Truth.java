package orders;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** What this service itself says it did: a JSON line for each request, with the calls made for it, in the file that TRUTH names. */
final class Truth {
  /** What one call gave: its status and the local port of its connection (0: not known). */
  record Outcome(String status, int localPort) {}

  interface Call {
    Outcome run() throws Exception;
  }

  private static final String file = System.getenv("TRUTH");
  private static final long pid = ProcessHandle.current().pid();
  private static final AtomicInteger number = new AtomicInteger();
  private static final ThreadLocal<String> thread = ThreadLocal.withInitial(Truth::threadId);

  private final String head;
  private final List<String> calls = new ArrayList<>();
  private final long start = now();

  Truth(String method, String target, int localPort, int remotePort) {
    head = text("service", "orders") + ",\"pid\":" + pid + ",\"tid\":" + thread.get() + "," + text("protocol", "http") + ","
        + text("method", method) + "," + text("target", target) + ",\"localPort\":" + localPort + ",\"remotePort\":" + remotePort;
  }

  /** Makes a path unique, so that the call is found again; without TRUTH it is left alone. */
  static String marked(String path) {
    return file == null ? path : path + "?call=orders-" + pid + "-" + number.incrementAndGet();
  }

  void call(String protocol, String address, String method, String target, Call call) throws Exception {
    long began = now();
    Outcome outcome = new Outcome("failed", 0);
    try {
      outcome = call.run();
    } finally {
      calls.add("{" + text("protocol", protocol) + "," + text("address", address) + "," + text("method", method) + ","
          + text("target", target) + "," + text("status", outcome.status()) + ",\"localPort\":" + outcome.localPort()
          + ",\"tls\":false,\"start\":" + began + ",\"end\":" + now() + "}");
    }
  }

  void finish(int status) {
    if (file == null) return;
    String line = "{" + head + "," + text("status", String.valueOf(status)) + ",\"start\":" + start + ",\"end\":" + now()
        + ",\"calls\":[" + String.join(",", calls) + "]}\n";
    synchronized (Truth.class) {
      try {
        Files.writeString(Path.of(file), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      } catch (IOException error) {
        throw new IllegalStateException("cannot write " + file, error);
      }
    }
  }

  private static String text(String name, String value) {
    return "\"" + name + "\":\"" + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
  }

  private static String threadId() {
    try {
      return Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName().toString();
    } catch (IOException error) {
      return "0";
    }
  }

  private static long now() {
    Instant instant = Instant.now();
    return instant.getEpochSecond() * 1_000_000_000L + instant.getNano();
  }
}
