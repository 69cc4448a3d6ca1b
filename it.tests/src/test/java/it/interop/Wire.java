// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What is between the host and the guest. */
interface Wire extends AutoCloseable {
  /** The host's address. */
  String ADDRESS = "10.77.0.1";

  String ADDRESS_V6 = "fd77::1";

  /** Name in the report. */
  String name();

  /** What goes before the command of a program that is to be on it. */
  List<String> prefix();

  /** QEMU's arguments for the guest's network card, captured into a file. */
  List<String> network(Path capture);

  /** The lines of the host's port beside name, address and MTU. */
  List<String> port(String faults);

  /** Where the guest reaches the host by TCP, for the side channels of programs. */
  String ourHost();

  /** A free TCP port of the host's. */
  int ourPort() throws InteropException;

  /** Where the host reaches the guest by TCP. */
  String guestHost();

  /** The port there that is {@link ToolCases#sidePort} in the guest. */
  int guestPort();

  /** Whether faults can be injected. */
  boolean hasFaults();

  @Override
  void close() throws InteropException;

  /** A port that was free a moment ago. */
  static int freeTcpPort() throws InteropException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new InteropException("no free TCP port: " + e.getMessage(), e);
    }
  }

  /**
   * Both network cards: one on the wire, one of QEMU's user-mode network for TCP, over which RoCEv2
   * could not go because it translates addresses.
   */
  static List<String> cards(String netdev, String forward, Path capture) {
    return List.of(
        "-netdev",
        netdev,
        "-device",
        "virtio-net-pci,netdev=n,mac=52:54:00:77:00:01,host_mtu=" + Guest.LINK_MTU + ",romfile=",
        "-netdev",
        "user,id=u" + forward,
        "-device",
        "virtio-net-pci,netdev=u,mac=52:54:00:77:00:02,romfile=",
        "-object",
        "filter-dump,id=dump,netdev=n,file=" + capture + ",maxlen=8192");
  }

  /** Ethernet frames over datagrams of this machine: needs no privileges. */
  class Frames implements Wire {
    private final int ours;
    private final int theirs;
    private final int forwarded;

    Frames() throws InteropException {
      forwarded = freeTcpPort();
      try (DatagramSocket a = new DatagramSocket(loopback());
          DatagramSocket b = new DatagramSocket(loopback())) {
        ours = a.getLocalPort();
        theirs = b.getLocalPort();
      } catch (IOException e) {
        throw new InteropException("no free UDP ports: " + e.getMessage(), e);
      }
    }

    private static InetSocketAddress loopback() {
      return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
    }

    @Override
    public String name() {
      return "ethernet";
    }

    @Override
    public List<String> prefix() {
      return List.of();
    }

    /** QEMU's end of the link, for a guest with this folder. */
    String netdev(Path guest) {
      String loopback = "type=inet,%s.host=127.0.0.1,%s.port=";
      return "dgram,id=n,local."
          + loopback.replace("%s", "local")
          + theirs
          + ",remote."
          + loopback.replace("%s", "remote")
          + ours;
    }

    /** The port's end of it. */
    String link() {
      return "dgram:127.0.0.1:" + ours + "->127.0.0.1:" + theirs;
    }

    @Override
    public final List<String> network(Path capture) {
      return cards(
          netdev(capture.getParent()),
          ",hostfwd=tcp:127.0.0.1:" + forwarded + "-10.0.2.15:" + ToolCases.sidePort(),
          capture);
    }

    @Override
    public String ourHost() {
      return "10.0.2.2";
    }

    @Override
    public int ourPort() throws InteropException {
      return freeTcpPort();
    }

    @Override
    public String guestHost() {
      return "127.0.0.1";
    }

    @Override
    public int guestPort() {
      return forwarded;
    }

    @Override
    public List<String> port(String faults) {
      List<String> lines = new ArrayList<>();
      lines.add("io = \"ethernet\"");
      lines.add("link = \"" + link().replace("=", "\\=") + "\"");
      if (!faults.isEmpty()) {
        lines.add("faults = \"" + faults.replace("=", "\\=") + "\"");
      }
      return lines;
    }

    @Override
    public boolean hasFaults() {
      return true;
    }

    @Override
    public void close() {}
  }

  /** The same over a Unix socket that QEMU listens on. */
  final class Stream extends Frames {
    /** The same for each guest, so that the port finds the next one. */
    private final Path socket;

    Stream() throws InteropException {
      try {
        socket = Files.createTempDirectory(Path.of("/tmp"), "openhca-link").resolve("link.sock");
      } catch (IOException e) {
        throw new InteropException("no temporary folder: " + e, e);
      }
    }

    @Override
    public String name() {
      return "ethernet over a stream";
    }

    @Override
    String netdev(Path guest) {
      return "stream,id=n,server=on,addr.type=unix,addr.path=" + socket;
    }

    @Override
    String link() {
      return "stream:" + socket;
    }

    @Override
    public void close() {
      try {
        Files.deleteIfExists(socket);
        Files.deleteIfExists(socket.getParent());
      } catch (IOException e) {
        // It stays in the folder for temporary files.
        System.err.println("interop: " + socket + " can't be removed: " + e.getMessage());
      }
    }
  }

  /** A network namespace with a bridge and a TAP: the port is a real UDP socket. Needs root. */
  final class Tap implements Wire {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private static final String PREFIX = "openhca-it-";

    private final String namespace = PREFIX + ProcessHandle.current().pid();
    private boolean closed;

    Tap() throws InteropException {
      removeLeftOvers();
      ip("netns", "add", namespace);
      Runtime.getRuntime().addShutdownHook(new Thread(this::closeAtTheEnd));
      try {
        inside("link", "set", "lo", "up");
        inside("link", "add", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0");
        inside("tuntap", "add", "tap0", "mode", "tap");
        inside("link", "set", "tap0", "master", "br0", "mtu", String.valueOf(Guest.LINK_MTU), "up");
        inside("addr", "add", ADDRESS + "/24", "dev", "br0");
        inside("addr", "add", ADDRESS_V6 + "/64", "dev", "br0", "nodad");
        inside("link", "set", "br0", "mtu", String.valueOf(Guest.LINK_MTU), "up");
      } catch (InteropException e) {
        close();
        throw e;
      }
    }

    /** Why there can be none, or an empty text. */
    static String obstacle() {
      // One namespace for each process: the one tried here is gone before the next is made.
      if (!"root".equals(System.getProperty("user.name"))) {
        return "TAP and a network namespace need root";
      }
      try (Tap tap = new Tap()) {
        return tap.name().isEmpty() ? "no TAP" : "";
      } catch (InteropException e) {
        return "this machine gives no TAP in a network namespace: " + e.getMessage();
      }
    }

    /** Namespaces of runs that were killed. */
    private static void removeLeftOvers() throws InteropException {
      String list = Programs.run(LIMIT, Map.of(), List.of("ip", "netns", "list")).output();
      for (String name : list.split("\\s+")) {
        String pid = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : "";
        if (pid.matches("\\d+") && ProcessHandle.of(Long.parseLong(pid)).isEmpty()) {
          ip("netns", "delete", name);
        }
      }
    }

    private static void ip(String... arguments) throws InteropException {
      List<String> command = new ArrayList<>(List.of("ip"));
      command.addAll(List.of(arguments));
      Programs.Result result = Programs.run(LIMIT, Map.of(), command);
      if (result.code() != 0) {
        throw new InteropException(command + ": " + result.output().strip());
      }
    }

    private void inside(String... arguments) throws InteropException {
      List<String> all = new ArrayList<>(List.of("-n", namespace));
      all.addAll(List.of(arguments));
      ip(all.toArray(String[]::new));
    }

    @Override
    public String name() {
      return "udp over tap";
    }

    @Override
    public List<String> prefix() {
      return List.of("ip", "netns", "exec", namespace);
    }

    @Override
    public List<String> network(Path capture) {
      // Without the header of virtio, which the other wires have not either: one snapshot is for
      // all.
      return cards("tap,id=n,ifname=tap0,script=no,downscript=no,vnet_hdr=off", "", capture);
    }

    @Override
    public String ourHost() {
      return ADDRESS;
    }

    @Override
    public int ourPort() {
      return ToolCases.sidePort();
    }

    @Override
    public String guestHost() {
      return Guest.ADDRESS;
    }

    @Override
    public int guestPort() {
      return ToolCases.sidePort();
    }

    @Override
    public List<String> port(String faults) {
      return List.of();
    }

    @Override
    public boolean hasFaults() {
      return false;
    }

    private void closeAtTheEnd() {
      try {
        close();
      } catch (InteropException e) {
        System.err.println("interop: " + e.getMessage());
      }
    }

    @Override
    public synchronized void close() throws InteropException {
      if (!closed) {
        closed = true;
        ip("netns", "delete", namespace);
      }
    }
  }
}
