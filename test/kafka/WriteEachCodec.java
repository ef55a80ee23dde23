import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Writes records with keys and headers to partition 0 of a topic, so many with each codec: address, topic, count, codecs. */
public final class WriteEachCodec {
  public static void main(String[] args) {
    int count = Integer.parseInt(args[2]);
    for (int codec = 3; codec < args.length; codec++) {
      Properties settings = new Properties();
      settings.put("bootstrap.servers", args[0]);
      settings.put("compression.type", args[codec]);
      settings.put("linger.ms", "50");
      settings.put("key.serializer", ByteArraySerializer.class.getName());
      settings.put("value.serializer", ByteArraySerializer.class.getName());
      try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings)) {
        for (int i = 0; i < count; i++) {
          byte[] value = (args[codec] + " " + i + " " + "again ".repeat(i % 7)).getBytes(StandardCharsets.UTF_8);
          ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(args[1], 0, new byte[] {1, 2, 3}, value);
          record.headers().add("number", new byte[] {(byte) i});
          producer.send(record);
        }
      }
    }
  }
}
