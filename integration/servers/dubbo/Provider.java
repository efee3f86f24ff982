package live;

import java.util.concurrent.CountDownLatch;
import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;

/** Serves {@link Greeter} on 127.0.0.1; the arguments are the protocol, dubbo or tri, and the port. */
public class Provider {
  public static void main(String[] arguments) throws Exception {
    ProtocolConfig protocol = new ProtocolConfig(arguments[0], Integer.parseInt(arguments[1]));
    protocol.setHost("127.0.0.1");
    if (arguments[0].equals("dubbo")) {
      protocol.setSerialization("hessian2");
      protocol.setPreferSerialization("hessian2");
    }
    ServiceConfig<Greeter> service = new ServiceConfig<>();
    service.setInterface(Greeter.class);
    service.setRef(new Answers());
    ApplicationConfig application = new ApplicationConfig("live-provider");
    application.setQosEnable(false);
    DubboBootstrap.getInstance()
        .application(application)
        .registry(new RegistryConfig("N/A"))
        .protocol(protocol)
        .service(service)
        .start();
    new CountDownLatch(1).await();
  }

  static class Answers implements Greeter {
    @Override
    public String say(String name) {
      return "hello " + name;
    }

    @Override
    public String refuse(String name) {
      throw new IllegalStateException("not you, " + name);
    }
  }
}
