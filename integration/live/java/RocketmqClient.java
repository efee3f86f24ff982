package live;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.common.ClientErrorCode;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.ResponseCode;

/**
 * Sends messages, pulls some of them, asks for one that is not there, and sends some that are too long. The arguments are the name server's
 * port, the number of calls and of workers. The target of a message is its key, that of a pull its offset.
 */
public class RocketmqClient {
  private static final byte[] tooLong = new byte[16 * 1024];

  public static void main(String[] arguments) throws Exception {
    System.setProperty("rocketmq.client.logUseSlf4j", "true");
    String names = "127.0.0.1:" + arguments[0];
    int count = Integer.parseInt(arguments[1]);
    int workers = Integer.parseInt(arguments[2]);
    DefaultMQProducer producer = new DefaultMQProducer("live-producers");
    producer.setNamesrvAddr(names);
    producer.setVipChannelEnabled(false);
    producer.setSendMsgTimeout(10_000);
    producer.setMaxMessageSize(1 << 20);
    producer.setCompressMsgBodyOverHowmuch(1 << 20);
    producer.setRetryTimesWhenSendFailed(0);
    producer.start();
    DefaultMQPullConsumer consumer = new DefaultMQPullConsumer("live-consumers");
    consumer.setNamesrvAddr(names);
    consumer.setVipChannelEnabled(false);
    consumer.start();
    AtomicReferenceArray<SendResult> sent = new AtomicReferenceArray<>(workers);
    for (int worker = 0; worker < workers; worker++) {
      sent.set(worker, makeTopic(producer, "live-" + worker));
      consumer.fetchSubscribeMessageQueues("live-" + worker);
    }
    Calls.make(count, workers, (worker, number) -> switch (number % 4) {
      case 1 -> pull(consumer, sent.get(worker).getMessageQueue(), sent.get(worker).getQueueOffset());
      case 2 -> pull(consumer, sent.get(worker).getMessageQueue(), sent.get(worker).getQueueOffset() + 1);
      case 3 -> refused(producer, worker, number);
      default -> {
        Message message = new Message("live-" + worker, "", "call-" + number, new byte[100]);
        long start = Calls.now();
        sent.set(worker, producer.send(message));
        yield new Calls.Call("SEND_MESSAGE_V2", "call-" + number, "SUCCESS", start, Calls.now());
      }
    });
  }

  /** The first send makes the topic. The broker answers some moments before the name server knows it. */
  private static SendResult makeTopic(DefaultMQProducer producer, String topic) throws Exception {
    for (int attempt = 1; ; attempt++) {
      try {
        return producer.send(new Message(topic, "", "first", new byte[10]));
      } catch (MQClientException failure) {
        if (failure.getResponseCode() != ClientErrorCode.NOT_FOUND_TOPIC_EXCEPTION || attempt == 100) throw failure;
        Thread.sleep(200);
      }
    }
  }

  private static Calls.Call refused(DefaultMQProducer producer, int worker, int number) throws Exception {
    Message message = new Message("live-" + worker, "", "call-" + number, tooLong);
    long start = Calls.now();
    try {
      producer.send(message);
      return new Calls.Call("SEND_MESSAGE_V2", "call-" + number, "SUCCESS", start, Calls.now());
    } catch (MQBrokerException failure) {
      long end = Calls.now();
      String code = failure.getResponseCode() == ResponseCode.MESSAGE_ILLEGAL ? "MESSAGE_ILLEGAL" : String.valueOf(failure);
      return new Calls.Call("SEND_MESSAGE_V2", "call-" + number, code, start, end);
    }
  }

  private static Calls.Call pull(DefaultMQPullConsumer consumer, MessageQueue queue, long offset) throws Exception {
    long start = Calls.now();
    PullResult result = consumer.pull(queue, "*", offset, 1);
    long end = Calls.now();
    String status = switch (result.getPullStatus()) {
      case FOUND -> "SUCCESS";
      case NO_NEW_MSG -> "PULL_NOT_FOUND";
      case NO_MATCHED_MSG -> "PULL_RETRY_IMMEDIATELY";
      case OFFSET_ILLEGAL -> "PULL_OFFSET_MOVED";
    };
    return new Calls.Call("PULL_MESSAGE", queue.getTopic() + "/" + queue.getQueueId() + "/" + offset, status, start, end);
  }
}
