package peer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes a file of events to a topic, compressed by lz4, each to the partition of its key; then one to each partition
 * that is much later than all, so that every window before it closes. Prints how many windows of a minute, each of a
 * key, those events are in.
 *
 * <p>{@code LoadTopic BOOTSTRAP_SERVERS TOPIC FILE LAST_EVENT}
 */
public final class LoadTopic {
  private static final JsonFactory JSON = new JsonFactory();

  private LoadTopic() {}

  public static void main(String[] args) throws Exception {
    String topic = args[1];
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", args[0], "compression.type", "lz4", "linger.ms", 50, "batch.size", 256 * 1024,
        "buffer.memory", 128L * 1024 * 1024, "acks", "all");
    Set<String> windows = new HashSet<>();
    AtomicReference<Exception> failure = new AtomicReference<>();
    try (KafkaProducer<String, byte[]> producer =
            new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
        BufferedReader events = Files.newBufferedReader(Path.of(args[2]))) {
      for (String line = events.readLine(); line != null; line = events.readLine()) {
        byte[] value = line.getBytes(StandardCharsets.UTF_8);
        String key = keyOf(value);
        windows.add(key + minuteOf(line));
        producer.send(new ProducerRecord<>(topic, key, value), (written, error) -> {
          if (error != null) failure.set(error);
        });
      }
      byte[] last = args[3].getBytes(StandardCharsets.UTF_8);
      for (var partition : producer.partitionsFor(topic)) {
        producer.send(new ProducerRecord<>(topic, partition.partition(), keyOf(last), last));
      }
    }
    if (failure.get() != null) throw failure.get();
    System.out.println(windows.size());
  }

  private static String minuteOf(String line) {
    int at = line.indexOf("\"timestamp\":\"") + 13;
    return line.substring(at, at + "2026-01-05T10:00".length());
  }

  /** As the processor writes the key of its results. */
  private static String keyOf(byte[] value) throws IOException {
    StringBuilder key = new StringBuilder(64);
    try (JsonParser parser = JSON.createParser(value)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        parser.nextToken();
        if (field.equals("model") || field.equals("region") || field.equals("tenant")) {
          key.append(key.isEmpty() ? "" : "::").append(field).append('=').append(parser.getText());
        } else {
          parser.skipChildren();
        }
      }
    }
    return key.toString();
  }
}
