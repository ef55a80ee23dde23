package peer;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process has used, for the file named in BENCH_USAGE; see {@code bench/report-usage.mjs}. */
final class Usage {
  private Usage() {}

  static void report() {
    String file = System.getenv("BENCH_USAGE");
    if (file == null) return;
    OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    try {
      String usage = "{\"cpuSeconds\":" + system.getProcessCpuTime() / 1e9 + ",\"peakBytes\":" + peakBytes() + "}";
      Files.writeString(Path.of(file), usage);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** The most memory that was resident; 0 where the system does not tell. */
  private static long peakBytes() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) return 0;
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
        .findFirst()
        .orElse(0);
  }
}
