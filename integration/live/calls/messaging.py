"""Calls to brokers."""

import asyncio

from calls.record import call, clock, host, note


def kafka(port, numbers):
    from kafka import KafkaProducer

    producer = KafkaProducer(
        bootstrap_servers=f"{host}:{port}", acks=1, linger_ms=0, max_in_flight_requests_per_connection=1
    )
    topic = f"calls-{numbers[0]}"
    producer.send(topic, b"first").get(30)
    for number in numbers:
        call("Produce", topic, lambda: producer.send(topic, f"call {number}".encode()).get(30) and None)
    producer.close()


def mqtt(port, numbers):
    import paho.mqtt.client as paho

    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=f"calls-{numbers[0]}", protocol=paho.MQTTv5)
    client.connect(host, port)
    client.loop_start()
    for number in numbers:
        call("PUBLISH", f"calls/{number}", lambda: client.publish(f"calls/{number}", "x", qos=1).wait_for_publish(10))
    client.disconnect()
    client.loop_stop()


def amqp(port, numbers):
    import pika

    connection = pika.BlockingConnection(pika.ConnectionParameters(host, port))
    channel = connection.channel()
    channel.confirm_delivery()
    for number in numbers:
        # Each queue is made, emptied and deleted; what fills it is one message without an answer of its own.
        step = (number - numbers[0]) % 3
        queue = f"calls-{number - step}"
        if step == 0:
            call("Queue.Declare", queue, lambda: channel.queue_declare(queue) and None)
        elif step == 1:
            channel.basic_publish("", queue, b"x" * 100)
            call("Basic.Get", queue, lambda: None if channel.basic_get(queue, auto_ack=True)[0] else "empty")
        else:
            call("Queue.Delete", queue, lambda: channel.queue_delete(queue) and None)
    connection.close()


def nats(port, numbers):
    import nats as library

    async def run():
        connection = await library.connect(f"nats://{host}:{port}")

        async def answer(message):
            await message.respond(b"ok")

        await connection.subscribe(f"calls.{numbers[0]}.*", cb=answer)
        await connection.flush()
        for number in numbers:
            subject = f"calls.{numbers[0]}.{number}"
            clock.begin()
            await connection.request(subject, b"x", timeout=10)
            note("PUB", subject, None, clock.start, clock.end)
        await connection.close()

    asyncio.run(run())
