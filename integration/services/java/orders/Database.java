package orders;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;

/** PostgreSQL by its JDBC driver: each thread has a connection, and each connection its prepared statements. */
final class Database {
  private record Session(Connection connection, int localPort, Map<String, PreparedStatement> prepared) {}

  private final String address;
  private final ThreadLocal<Session> session = new ThreadLocal<>();

  Database(String address) {
    this.address = address;
  }

  /** The first column of the first row; empty when there is none. */
  String query(Truth truth, String statement, Object... arguments) throws Exception {
    Session mine = session();
    PreparedStatement prepared = mine.prepared().get(statement);
    if (prepared == null) {
      prepared = mine.connection().prepareStatement(statement);
      mine.prepared().put(statement, prepared);
    }
    for (int index = 0; index < arguments.length; index++) prepared.setObject(index + 1, arguments[index]);
    PreparedStatement ready = prepared;
    String[] answer = {""};
    truth.call("postgresql", address, statement.split(" ")[0], statement, () -> {
      try {
        if (ready.execute()) {
          try (ResultSet rows = ready.getResultSet()) {
            if (rows.next()) answer[0] = rows.getString(1);
          }
        }
        return new Truth.Outcome("ok", mine.localPort());
      } catch (SQLException error) {
        answer[0] = null;
        return new Truth.Outcome(error.getSQLState(), mine.localPort());
      }
    });
    return answer[0];
  }

  private Session session() throws SQLException {
    Session mine = session.get();
    if (mine == null) {
      String url = "jdbc:postgresql://" + address + "/postgres?user=postgres&sslmode=disable&socketFactory=orders.Ports";
      Connection connection = DriverManager.getConnection(url);
      mine = new Session(connection, Ports.last.get().getLocalPort(), new HashMap<>());
      session.set(mine);
    }
    return mine;
  }
}
