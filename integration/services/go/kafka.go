// Records to Kafka, sent by the goroutine that has them, and read by a consumer.
package main

import (
	"context"
	"errors"
	"net"

	"github.com/segmentio/kafka-go"
)

type kafkaTopic struct {
	to    address
	topic string
	slots *slots[*kafkaClient]
}

type kafkaClient struct {
	port       *port
	connection *kafka.Conn
}

func newKafka(to address, topic string, connections int) *kafkaTopic {
	return &kafkaTopic{to: to, topic: topic, slots: newSlots(connections, func() *kafkaClient {
		return &kafkaClient{port: &port{}}
	})}
}

// produce sends one record and waits until the broker has it.
func (k *kafkaTopic) produce(r *request, value []byte) (err error) {
	k.slots.with(func(client *kafkaClient) {
		if client.connection == nil {
			// The broker is asked for its versions when the first record is sent: a record nobody counts.
			if client.connection, err = k.connect(client.port); err != nil {
				return
			}
			if _, err = client.connection.WriteMessages(kafka.Message{Value: value}); err != nil {
				client.connection = nil
				return
			}
		}
		made := call{Protocol: "kafka", Address: k.to.hostPort, Method: "Produce", Target: k.topic, TLS: k.to.tls}
		r.call(made, func() (string, int) {
			if _, err = client.connection.WriteMessages(kafka.Message{Value: value}); err != nil {
				client.connection = nil
				return err.Error(), int(client.port.number.Load())
			}
			return "ok", int(client.port.number.Load())
		})
	})
	return err
}

// connect asks for no leader: the broker here is alone. A topic that is there already is no failure.
func (k *kafkaTopic) connect(p *port) (*kafka.Conn, error) {
	connection, err := p.dial(context.Background(), k.to, true)
	if err != nil {
		return nil, err
	}
	conn := kafka.NewConnWith(connection, kafka.ConnConfig{Topic: k.topic, Partition: 0})
	topic := kafka.TopicConfig{Topic: k.topic, NumPartitions: 1, ReplicationFactor: 1}
	if err := conn.CreateTopics(topic); err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
		return nil, err
	}
	return conn, nil
}

// consume gives each record of the topic to run, for ever.
func consume(to address, topic string, run func(value []byte, localPort int)) error {
	p := &port{}
	dialer := &kafka.Dialer{DialFunc: func(ctx context.Context, _, _ string) (net.Conn, error) { return p.dial(ctx, to, true) }}
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{to.hostPort}, GroupID: "shipping", Topic: topic, Dialer: dialer})
	defer reader.Close()
	for {
		record, err := reader.ReadMessage(context.Background())
		if err != nil {
			return err
		}
		run(record.Value, int(p.number.Load()))
	}
}
