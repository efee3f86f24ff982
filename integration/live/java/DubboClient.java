package live;

import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ReferenceConfig;
import org.apache.dubbo.config.bootstrap.DubboBootstrap;
import org.apache.dubbo.rpc.RpcContext;
import org.apache.dubbo.rpc.RpcException;

/**
 * Calls {@link Greeter}; all workers share one connection. The arguments are the protocol, dubbo or tri, the port, the number of calls
 * and of workers. A call's target is the id of the trace that it is told to be part of.
 */
public class DubboClient {
  public static void main(String[] arguments) throws Exception {
    ReferenceConfig<Greeter> reference = new ReferenceConfig<>();
    reference.setInterface(Greeter.class);
    String serialization = arguments[0].equals("dubbo") ? "?serialization=hessian2&prefer.serialization=hessian2" : "";
    reference.setUrl(arguments[0] + "://127.0.0.1:" + arguments[1] + serialization);
    reference.setTimeout(10_000);
    reference.setRetries(0);
    ApplicationConfig application = new ApplicationConfig("live-client");
    application.setQosEnable(false);
    DubboBootstrap.getInstance().application(application).reference(reference).start();
    Greeter greeter = reference.get();
    int count = Integer.parseInt(arguments[2]);
    int workers = Integer.parseInt(arguments[3]);
    Calls.make(count, workers, (worker, number) -> {
      String trace = String.format("%024x%08x", 1 + worker, number);
      RpcContext.getClientAttachment().setAttachment("traceparent", "00-" + trace + "-00f067aa0ba902b7-01");
      long start = Calls.now();
      String status = call(greeter, number, "call " + number);
      long end = Calls.now();
      return new Calls.Call("live.Greeter/" + (number % 3 == 2 ? "refuse" : "say"), trace, status, start, end);
    });
  }

  private static String call(Greeter greeter, int number, String name) {
    try {
      if (number % 3 == 2) greeter.refuse(name);
      else greeter.say(name);
      return "ok";
    } catch (IllegalStateException refused) {
      return refused.getClass().getName();
    } catch (RpcException failure) {
      return String.valueOf(failure.getCode());
    }
  }
}
