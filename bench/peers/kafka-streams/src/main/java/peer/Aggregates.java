package peer;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** The values of a window, eight bytes each, and what is found of them when it closes. */
final class Aggregates {
  private Aggregates() {}

  static byte[] append(byte[] values, double value) {
    byte[] longer = Arrays.copyOf(values, values.length + Double.BYTES);
    ByteBuffer.wrap(longer).putDouble(values.length, value);
    return longer;
  }

  /** As JSON. */
  static String of(byte[] bytes) {
    double[] values = new double[bytes.length / Double.BYTES];
    ByteBuffer.wrap(bytes).asDoubleBuffer().get(values);
    Arrays.sort(values);
    int count = values.length;
    double sum = 0;
    for (double value : values) sum += value;
    double average = sum / count;
    double squares = 0;
    for (double value : values) squares += (value - average) * (value - average);
    return "{\"count\":" + count + ",\"sum\":" + sum + ",\"average\":" + average
        + ",\"min\":" + values[0] + ",\"max\":" + values[count - 1] + ",\"stddev\":" + Math.sqrt(squares / count)
        + ",\"p50\":" + rank(values, 50) + ",\"p95\":" + rank(values, 95) + ",\"p99\":" + rank(values, 99) + "}";
  }

  /** The value that p percent of all are not above: the nearest rank. */
  private static double rank(double[] sorted, int p) {
    return sorted[(int) Math.ceil(p * sorted.length / 100.0) - 1];
  }
}
