package live;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** The calls that a client made, printed as client.py prints them. */
public class Calls {
  private static final List<String> lines = new ArrayList<>();

  /** Makes one call of one worker; no two have the same number. */
  public interface Worker {
    Call call(int worker, int number) throws Exception;
  }

  /** What a call was. */
  public record Call(String method, String target, String status, long start, long end) {}

  /** Calls of each worker before those that count: by then all code has been compiled. */
  private static final int warmUp = 1000;

  /** Unix nanoseconds. */
  public static long now() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  private static void work(Worker run, int worker, int count, int workers) throws Exception {
    int first = worker * 100_000;
    for (int number = 0; number < warmUp; number++) run.call(worker, first + 50_000 + number);
    for (int number = 0; number < count; number++) {
      // Leaves the processors to the others.
      Thread.sleep(1 + ThreadLocalRandom.current().nextInt(1 + 2 * workers));
      note(run.call(worker, first + number));
    }
  }

  private static synchronized void note(Call call) {
    String form = "{\"method\": \"%s\", \"target\": \"%s\", \"status\": \"%s\", \"start\": %d, \"end\": %d}";
    lines.add(String.format(form, call.method, call.target, call.status, call.start, call.end));
  }

  /** Runs the workers side by side, prints what they made and ends the process. */
  public static void make(int count, int workers, Worker run) throws Exception {
    List<Thread> threads = new ArrayList<>();
    List<Throwable> failures = new ArrayList<>();
    for (int index = 0; index < workers; index++) {
      int worker = index;
      Thread thread = new Thread(() -> {
        try {
          work(run, worker, count, workers);
        } catch (Throwable failure) {
          synchronized (failures) {
            failures.add(failure);
          }
        }
      });
      thread.start();
      threads.add(thread);
    }
    for (Thread thread : threads) thread.join();
    for (Throwable failure : failures) failure.printStackTrace();
    for (String line : lines) System.out.println(line);
    System.out.flush();
    Runtime.getRuntime().halt(failures.isEmpty() && lines.size() == count * workers ? 0 : 1);
  }
}
