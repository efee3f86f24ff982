package live;

/** The service of the live tests. */
public interface Greeter {
  String say(String name);

  /** Throws IllegalStateException. */
  String refuse(String name);
}
