package orders;

import java.net.Socket;
import javax.net.SocketFactory;

/** Makes the sockets of the PostgreSQL driver and keeps the last one of each thread, for its port. */
public final class Ports extends SocketFactory {
  static final ThreadLocal<Socket> last = new ThreadLocal<>();

  @Override
  public Socket createSocket() {
    Socket socket = new Socket();
    last.set(socket);
    return socket;
  }

  @Override
  public Socket createSocket(String host, int port) {
    throw new UnsupportedOperationException("the driver connects itself");
  }

  @Override
  public Socket createSocket(String host, int port, java.net.InetAddress local, int localPort) {
    throw new UnsupportedOperationException("the driver connects itself");
  }

  @Override
  public Socket createSocket(java.net.InetAddress host, int port) {
    throw new UnsupportedOperationException("the driver connects itself");
  }

  @Override
  public Socket createSocket(java.net.InetAddress host, int port, java.net.InetAddress local, int localPort) {
    throw new UnsupportedOperationException("the driver connects itself");
  }
}
