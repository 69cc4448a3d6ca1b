// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The host as it ships, started by its launcher and driven through its shell. */
final class HostProcess implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration ANSWER = Duration.ofSeconds(20);
  private static final long STOP_MS = 25_000;
  private static final String FAILED = "gogo: ";
  private static final String PROMPT = "g! ";

  /** A command that has been given to the shell. */
  final class Running {
    private final String command;
    private final String mark;
    private final int from;

    private Running(String command, String mark, int from) {
      this.command = command;
      this.mark = mark;
      this.from = from;
    }

    /** Waits for its end; what it printed. */
    String await(Duration limit) throws InteropException {
      return checked(awaitText(from, mark, mark, limit, command));
    }

    /** Waits until it printed something. */
    String awaitPrinted(String wanted, Duration limit) throws InteropException {
      return checked(awaitText(from, wanted, mark, limit, command));
    }

    private String checked(String text) throws InteropException {
      if (text.contains("NotSupportedException") || text.contains(" has no UC queue pairs")) {
        String line = line(text, FAILED);
        throw new InteropException.NotOffered(line.substring(line.lastIndexOf("Exception: ") + 11));
      }
      if (text.contains(FAILED)) {
        throw new InteropException("in the host: " + command + ": " + text.strip());
      }
      return text;
    }
  }

  private final Process process;
  private final Path etc;
  private final StringBuffer output = new StringBuffer();
  private int commands;

  private HostProcess(Process process, Path etc) {
    this.process = process;
    this.etc = etc;
    Thread reader = new Thread(this::read, "interop-host-output");
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Starts a host.
   *
   * @param home the runtime directory
   * @param folder for configurations and storage; new
   * @param prefix of the command
   * @param configurations by file name
   */
  static HostProcess start(
      Path home, Path folder, List<String> prefix, Map<String, List<String>> configurations)
      throws InteropException {
    try {
      Path etc = Files.createDirectories(folder.resolve("etc"));
      for (Map.Entry<String, List<String>> each : configurations.entrySet()) {
        Files.write(etc.resolve(each.getKey() + ".config"), each.getValue());
      }
      List<String> command = new ArrayList<>(prefix);
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.add("@" + home.resolve("bin/java.options"));
      command.add("-Xmx512m");
      command.add("-XX:TieredStopAtLevel=1");
      command.add("-Dopenhca.home=" + home);
      command.add("-Dorg.osgi.framework.storage=" + folder.resolve("cache"));
      command.add("-cp");
      command.add(home + "/bin/*:" + home + "/bundles/05/*:" + home + "/bundles/10/*");
      command.addAll(List.of("ib.host.launch.Main", "run", "--etc", etc.toString()));
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
      HostProcess host = new HostProcess(process, etc);
      host.awaitDevice();
      return host;
    } catch (IOException e) {
      throw new InteropException("can't start the host: " + e.getMessage(), e);
    }
  }

  void awaitDevice() throws InteropException {
    long endNs = System.nanoTime() + START.toNanos();
    try {
      awaitText(0, "Apache Felix Gogo", "Apache Felix Gogo", START, "its start");
      while (!shell("ib:devices", ANSWER).contains(" active ")) {
        if (System.nanoTime() - endNs > 0) {
          throw new InteropException("the host has no device: " + tail());
        }
        TimeUnit.MILLISECONDS.sleep(200);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (InteropException e) {
      close();
      throw e;
    }
  }

  private void read() {
    byte[] bytes = new byte[8192];
    try (InputStream in = process.getInputStream()) {
      for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
        synchronized (output) {
          output.append(new String(bytes, 0, n, StandardCharsets.UTF_8));
          output.notifyAll();
        }
      }
    } catch (IOException e) {
      output.append("[output ended: ").append(e.getMessage()).append(']');
    }
    synchronized (output) {
      output.notifyAll();
    }
  }

  /** Waits for a text, or for what comes if the text does not; what was printed before it. */
  private String awaitText(int from, String wanted, String last, Duration limit, String why)
      throws InteropException {
    long endNs = System.nanoTime() + limit.toNanos();
    synchronized (output) {
      int at = firstOf(wanted, last, from);
      while (at < 0) {
        long leftMs = (endNs - System.nanoTime()) / 1_000_000;
        if (leftMs <= 0 || !process.isAlive()) {
          throw new InteropException(
              "in the host: "
                  + why
                  + " gave no '"
                  + wanted.strip()
                  + "': "
                  + output.substring(from));
        }
        try {
          output.wait(Math.min(leftMs, 500));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new InteropException("interrupted", e);
        }
        at = firstOf(wanted, last, from);
      }
      return output.substring(from, at);
    }
  }

  private int firstOf(String wanted, String last, int from) {
    int at = output.indexOf(wanted, from);
    return at >= 0 ? at : output.indexOf(last, from);
  }

  /** The first line of an answer that holds a text, without the shell's prompts. */
  static String line(String answer, String part) {
    return answer
        .lines()
        .filter(each -> each.contains(part))
        .findFirst()
        .orElse("")
        .replace(PROMPT, "")
        .strip();
  }

  /** An answer without the shell's prompts. */
  static String unprompted(String answer) {
    return answer.replace(PROMPT, "").strip();
  }

  /** Gives a command to the shell, which does one after the other. */
  Running begin(String command) throws InteropException {
    String mark = "mark-" + commands++ + "-end";
    int from = output.length();
    try {
      OutputStream in = process.getOutputStream();
      // In two words, so that an echo of the input is not taken for the answer.
      String split = mark.substring(0, 4) + "\"" + mark.substring(4) + "\"";
      in.write((command + "\necho " + split + "\n").getBytes(StandardCharsets.UTF_8));
      in.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("the host is gone: " + tail(), e);
    }
    return new Running(command, mark, from);
  }

  /** Runs a command of the shell; what it printed. */
  String shell(String command, Duration limit) throws InteropException {
    return begin(command).await(limit);
  }

  /** Waits until something is logged. */
  void awaitLogged(String text, Duration limit) throws InteropException {
    awaitText(0, text, text, limit, "the log");
  }

  /** Waits until something has been logged so many times since the start. */
  void awaitLoggedTimes(String text, int times, Duration limit) throws InteropException {
    int from = 0;
    for (int i = 0; i < times; i++) {
      from += awaitText(from, text, text, limit, "the log").length() + text.length();
    }
  }

  /** Writes a configuration, which the host watches; none withdraws it. */
  void configure(String name, List<String> lines) throws InteropException {
    Path file = etc.resolve(name + ".config");
    try {
      if (lines.isEmpty()) {
        Files.delete(file);
      } else {
        Path whole = etc.resolve(name + ".new");
        Files.write(whole, lines);
        Files.move(whole, file);
      }
    } catch (IOException e) {
      throw new InteropException("can't configure the host: " + e, e);
    }
  }

  /** The end of what it printed. */
  String tail() {
    String all = output.toString();
    return all.substring(Math.max(0, all.length() - 3000));
  }

  /** Asks it to end while its shell is busy. */
  void terminate() throws InteropException {
    process.destroy();
    try {
      if (!process.waitFor(STOP_MS, TimeUnit.MILLISECONDS)) {
        throw new InteropException("the host does not end: " + tail());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends it at once. */
  void kill() {
    process.destroyForcibly();
  }

  @Override
  public void close() {
    if (!process.isAlive()) {
      return;
    }
    try (OutputStream in = process.getOutputStream()) {
      in.write("exit 0\n".getBytes(StandardCharsets.UTF_8));
      in.flush();
      if (process.waitFor(STOP_MS, TimeUnit.MILLISECONDS)) {
        return;
      }
    } catch (IOException e) {
      System.err.println("interop: the host took no exit: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      Programs.end(process);
    }
  }
}
