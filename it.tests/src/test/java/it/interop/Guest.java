// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A running guest: QEMU without acceleration, one processor, a shell on a serial port. The address
 * of its rxe device is {@link #ADDRESS}; what leaves its network card is captured.
 */
final class Guest implements AutoCloseable {
  static final String ADDRESS = "10.77.0.2";
  static final String ADDRESS_V6 = "fd77::2";

  /** The same as the kernel writes it. */
  static final String LONG_V6 = "fd77:0000:0000:0000:0000:0000:0000:0002";

  /** What its network card carries: path MTU 4096. */
  static final int LINK_MTU = 4500;

  private static final int MEMORY_MIB = 640;
  private static final Duration BOOT = Duration.ofSeconds(120);
  private static final Duration ANSWER = Duration.ofSeconds(20);
  private static final Duration GREETING = Duration.ofSeconds(5);
  private static final int GREETINGS = 6;
  private static final Duration SAVE = Duration.ofSeconds(60);

  private final Process qemu;
  private final Path folder;
  private final UnixLine monitor;
  private final UnixLine shell;
  private final boolean restored;
  private int commands;

  private Guest(Process qemu, Path folder, boolean restored) throws InteropException {
    this.qemu = qemu;
    this.folder = folder;
    this.restored = restored;
    this.monitor = connect("monitor.sock");
    this.shell = connect("shell.sock");
  }

  /**
   * Starts a guest from the snapshot of a booted one, which is made if there is none.
   *
   * @param folder of this guest; new
   */
  static Guest start(GuestImage image, Wire wire, Path folder) throws InteropException {
    int version = qemuVersion(image.spec());
    Path snapshot = image.snapshot(version);
    if (!Files.exists(snapshot)) {
      try (Guest booting = launch(image, wire, folder.resolve("boot"), null)) {
        booting.awaitBoot();
        booting.save(snapshot);
      }
    }
    Guest guest = launch(image, wire, folder, snapshot);
    try {
      guest.resumeRestored();
      guest.run(GuestTools.install(image.tools()), ANSWER);
      return guest;
    } catch (InteropException e) {
      guest.close();
      throw e;
    }
  }

  private static int qemuVersion(GuestSpec spec) throws InteropException {
    return Programs.run(ANSWER, Map.of(), List.of(spec.architecture().qemu, "--version"))
        .output()
        .hashCode();
  }

  private static Guest launch(GuestImage image, Wire wire, Path folder, Path snapshot)
      throws InteropException {
    try {
      Files.createDirectories(folder);
      List<String> command = new ArrayList<>(wire.prefix());
      command.addAll(machine(image, folder));
      command.addAll(wire.network(folder.resolve("guest.pcap")));
      if (snapshot != null) {
        command.addAll(List.of("-incoming", "exec:cat '" + snapshot + "'"));
      }
      Process qemu =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("qemu.log").toFile())
              .start();
      Runtime.getRuntime().addShutdownHook(new Thread(qemu::destroyForcibly));
      try {
        return new Guest(qemu, folder, snapshot != null);
      } catch (InteropException e) {
        Programs.end(qemu);
        throw e;
      }
    } catch (IOException e) {
      throw new InteropException("can't start the guest: " + e.getMessage(), e);
    }
  }

  private static List<String> machine(GuestImage image, Path folder) {
    GuestSpec.Architecture on = image.spec().architecture();
    return List.of(
        on.qemu,
        "-accel",
        "tcg",
        "-machine",
        on.machine,
        "-cpu",
        "max",
        "-smp",
        "1",
        "-m",
        String.valueOf(MEMORY_MIB),
        "-nodefaults",
        "-display",
        "none",
        "-no-reboot",
        "-no-user-config",
        "-kernel",
        image.kernel().toString(),
        "-initrd",
        image.initrd().toString(),
        "-append",
        // A kernel that crashes ends QEMU instead of hanging it.
        "console="
            + on.console
            + " quiet panic=-1 oops=panic cryptomgr.notests audit=0 mitigations=off ip="
            + ADDRESS
            + "/24 ip6="
            + ADDRESS_V6
            + "/64 mtu="
            + LINK_MTU
            + " shell="
            + on.shell,
        "-drive",
        "file=" + image.disk() + ",format=raw,if=none,id=d,readonly=on",
        "-device",
        "virtio-blk-pci,drive=d",
        "-device",
        "virtio-rng-pci",
        "-serial",
        "file:" + folder.resolve("console.log"),
        "-serial",
        "unix:" + folder.resolve("shell.sock") + ",server=on,wait=off",
        "-qmp",
        "unix:" + folder.resolve("monitor.sock") + ",server=on,wait=off");
  }

  private UnixLine connect(String socket) throws InteropException {
    long endNs = System.nanoTime() + ANSWER.toNanos();
    while (true) {
      try {
        return new UnixLine(folder.resolve(socket));
      } catch (IOException e) {
        if (!qemu.isAlive() || System.nanoTime() - endNs > 0) {
          throw new InteropException("QEMU does not answer: " + file("qemu.log"), e);
        }
        pause(20);
      }
    }
  }

  private static void pause(long ms) {
    try {
      TimeUnit.MILLISECONDS.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private String file(String name) {
    try {
      String text =
          Files.readString(folder.resolve(name), java.nio.charset.StandardCharsets.ISO_8859_1);
      return text.substring(Math.max(0, text.length() - 2000)).strip();
    } catch (IOException e) {
      return e.toString();
    }
  }

  private void awaitBoot() throws InteropException {
    long endNs = System.nanoTime() + BOOT.toNanos();
    while (!file("console.log").contains("GUEST-READY")) {
      if (!qemu.isAlive() || System.nanoTime() - endNs > 0) {
        throw new InteropException("the guest does not boot: " + file("console.log"));
      }
      pause(50);
    }
    greetShell();
    greetMonitor();
  }

  /** What was typed while nobody read may be there in part: begins on a line of its own. */
  private void greetShell() throws InteropException {
    for (int i = 0; i < GREETINGS; i++) {
      String tag = "HELLO" + commands++ + "x" + System.nanoTime() % 100_000;
      try {
        shell.send("\n\necho " + tag.charAt(0) + "''" + tag.substring(1) + " 0\n");
        if (shell.read(new StringBuilder(), tag + " ", GREETING)) {
          return;
        }
      } catch (IOException e) {
        throw new InteropException("the guest is gone: " + file("console.log"), e);
      }
    }
    throw new InteropException("the guest's shell does not answer: " + file("console.log"));
  }

  private void greetMonitor() throws InteropException {
    monitor("qmp_capabilities", "", ANSWER);
  }

  private void save(Path snapshot) throws InteropException {
    monitor("stop", "", ANSWER);
    // Another run may do the same at this time.
    Path whole =
        snapshot.resolveSibling(snapshot.getFileName() + "." + ProcessHandle.current().pid());
    monitor("migrate", "{\"uri\":\"exec:cat > '" + whole + "'\"}", ANSWER);
    long endNs = System.nanoTime() + SAVE.toNanos();
    String state = "";
    while (!state.contains("\"completed\"")) {
      if (state.contains("\"failed\"") || System.nanoTime() - endNs > 0) {
        throw new InteropException("the guest can't be saved: " + state);
      }
      pause(50);
      state = monitor("query-migrate", "", ANSWER);
    }
    try {
      Files.move(whole, snapshot, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new InteropException("the guest can't be saved: " + e, e);
    }
  }

  private void resumeRestored() throws InteropException {
    greetMonitor();
    if (!restored) {
      return;
    }
    long endNs = System.nanoTime() + SAVE.toNanos();
    while (monitor("query-status", "", ANSWER).contains("inmigrate")) {
      if (System.nanoTime() - endNs > 0) {
        throw new InteropException("the guest's snapshot is not read: " + file("qemu.log"));
      }
      pause(20);
    }
    monitor("cont", "", ANSWER);
    greetShell();
  }

  /** Asks QEMU; the answer as it is. */
  private String monitor(String command, String arguments, Duration limit) throws InteropException {
    String id = "c" + commands++;
    try {
      monitor.send(
          "{\"execute\":\""
              + command
              + "\",\"id\":\""
              + id
              + "\""
              + (arguments.isEmpty() ? "" : ",\"arguments\":" + arguments)
              + "}\n");
      StringBuilder answer = new StringBuilder();
      if (!monitor.read(answer, "\"id\": \"" + id + "\"", limit)) {
        throw new InteropException("QEMU did not answer " + command + ": " + answer);
      }
      return answer.toString();
    } catch (IOException e) {
      throw new InteropException("QEMU is gone: " + file("qemu.log") + file("console.log"), e);
    }
  }

  /** Stops its processor: it is as if its cable were cut. */
  void freeze() throws InteropException {
    monitor("stop", "", ANSWER);
  }

  /** Lets it go on. */
  void thaw() throws InteropException {
    monitor("cont", "", ANSWER);
  }

  /** Ends it at once, as a power cut does. */
  void kill() {
    Programs.end(qemu.destroyForcibly());
  }

  boolean isAlive() {
    return qemu.isAlive();
  }

  /** Runs a shell command in it, whose exit code must be 0; what it printed. */
  String run(String command, Duration limit) throws InteropException {
    Programs.Result result = tryRun(command, limit);
    if (result.code() != 0) {
      throw new InteropException(
          "in the guest: " + command + " ended with " + result.code() + ": " + result.output());
    }
    return result.output();
  }

  /** Runs a shell command in it. */
  Programs.Result tryRun(String command, Duration limit) throws InteropException {
    String tag = "END" + commands++ + "x" + System.nanoTime() % 100_000;
    String inside = "timeout -k 1 " + limit.toSeconds() + " sh";
    try {
      shell.send(
          inside
              + " 2>&1 <<'GUESTCMD'\n"
              + command
              + "\nGUESTCMD\necho "
              + tag.charAt(0)
              + "''"
              + tag.substring(1)
              + " $?\n");
      StringBuilder output = new StringBuilder();
      if (!shell.read(output, tag + " ", limit.plusSeconds(15))) {
        throw new InteropException("in the guest: no answer to " + command + ": " + output);
      }
      int end = output.indexOf(tag);
      String code = output.substring(end + tag.length() + 1, output.indexOf("\n", end)).strip();
      return new Programs.Result(Integer.parseInt(code), output.substring(0, end));
    } catch (IOException e) {
      throw new InteropException("the guest is gone: " + file("console.log"), e);
    }
  }

  /** Waits until a program in it listens with the connection manager. */
  void awaitListener(String program) throws InteropException {
    run(
        "i=0; while ! rdma resource show cm_id | grep LISTEN | grep -q "
            + program
            + " && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done",
        ANSWER);
  }

  /** What left and reached its network card since it was started. */
  Path capture() {
    return folder.resolve("guest.pcap");
  }

  /** The end of its console. */
  String console() {
    return file("console.log");
  }

  @Override
  public void close() {
    for (UnixLine line : List.of(monitor, shell)) {
      try {
        line.close();
      } catch (IOException e) {
        System.err.println("interop: " + e);
      }
    }
    kill();
  }
}
