import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The Java client of Kafka, for those who want to see what it writes and reads. Of keys and values an
 * equals sign and their Base64 are written, or a hyphen for null.
 *
 * <pre>
 * Interop read BOOTSTRAP_SERVERS TOPIC           prints all that is committed: PARTITION OFFSET TIMESTAMP KEY VALUE
 * Interop write BOOTSTRAP_SERVERS TOPIC [SETTING=VALUE ...]
 *   takes from standard input:                   send KEY VALUE | begin | commit | abort | compression TYPE
 *   prints for each that was sent:               PARTITION OFFSET
 * </pre>
 */
public final class Interop {
  private Interop() {}

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "read" -> read(args[1], args[2]);
      case "write" -> write(args[1], args[2], List.of(args).subList(3, args.length));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void read(String bootstrapServers, String topic) {
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", bootstrapServers, "isolation.level", "read_committed", "enable.auto.commit", "false");
    try (var consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
          .map(partition -> new TopicPartition(topic, partition.partition()))
          .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          System.out.println(record.partition() + " " + record.offset() + " " + record.timestamp() + " "
              + encode(record.key()) + " " + encode(record.value()));
        }
      }
    }
  }

  private static void write(String bootstrapServers, String topic, List<String> more) throws Exception {
    Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrapServers));
    for (String setting : more) settings.put(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    KafkaProducer<byte[], byte[]> producer = open(settings);
    try {
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        String[] words = line.split(" ");
        switch (words[0]) {
          case "send" -> sent.add(producer.send(new ProducerRecord<>(topic, decode(words[1]), decode(words[2]))));
          case "begin" -> producer.beginTransaction();
          case "commit" -> producer.commitTransaction();
          case "abort" -> {
            // What is still waiting to be sent would be dropped: only what the broker has can be aborted.
            producer.flush();
            producer.abortTransaction();
          }
          case "compression" -> {
            producer.close();
            settings.put("compression.type", words[1]);
            producer = open(settings);
          }
          default -> throw new IllegalArgumentException(line);
        }
      }
    } finally {
      producer.close();
    }
    for (Future<RecordMetadata> one : sent) System.out.println(one.get().partition() + " " + one.get().offset());
  }

  private static KafkaProducer<byte[], byte[]> open(Map<String, Object> settings) {
    var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    if (settings.containsKey("transactional.id")) producer.initTransactions();
    return producer;
  }

  private static String encode(byte[] bytes) {
    return bytes == null ? "-" : "=" + Base64.getEncoder().encodeToString(bytes);
  }

  private static byte[] decode(String text) {
    return text.equals("-") ? null : Base64.getDecoder().decode(text.substring(1));
  }
}
