// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A guest and a host on a wire, as the case at hand needs them. Both are kept from case to case
 * while they are as needed and well.
 */
final class Bench implements AutoCloseable {
  static final Duration SHORT = Duration.ofSeconds(20);
  static final Duration LONG = Duration.ofSeconds(60);

  /** Of the guest's ib_srpt and the host's own target. */
  static final int SRP_PORT = 5555;

  static final String TARGET_ID = "0002c903000e8ace";

  private static final String TARGET = "ib.ulp.srpt-t0";
  private static final int DISK_MIB = 64;
  private static final int IPV6_MTU = 1280;

  private final GuestImage image;
  private final Wire wire;
  private final Path home;
  private final Path folder;
  private int started;
  private int mtuBytes = 4096;
  private boolean damages;
  private boolean ipv6;
  private volatile Guest guest;
  private volatile HostProcess host;
  private @Nullable Case at;
  private String hostKey = "";
  private String guestTarget = "";
  private final List<Path> captures = new ArrayList<>();

  Bench(GuestImage image, Wire wire, Path home, Path folder) {
    this.image = image;
    this.wire = wire;
    this.home = home;
    this.folder = folder;
  }

  Wire wire() {
    return wire;
  }

  Path home() {
    return home;
  }

  /** Where files of a case may be; gone when all has gone well. */
  Path folder() {
    return folder;
  }

  /** A bundle that puts a load on the host's disk. */
  Path loadBundle() throws InteropException {
    return FixtureBundle.load(Path.of(System.getProperty("openhca.testClasses")), folder);
  }

  /** A bundle that does every operation with a peer in the guest. */
  Path opsBundle() throws InteropException {
    return FixtureBundle.ops(Path.of(System.getProperty("openhca.testClasses")), folder);
  }

  /** Captures of both ends that have been written so far, but for damaged ones. */
  List<Path> captures() {
    return List.copyOf(captures);
  }

  private void add(Path capture) {
    if (!damages) {
      captures.add(capture);
    }
  }

  /** The host's address in the case at hand. */
  String ourAddress() {
    return ipv6 ? Wire.ADDRESS_V6 : Wire.ADDRESS;
  }

  /** The guest's address in the case at hand. */
  String guestAddress() {
    return ipv6 ? Guest.ADDRESS_V6 : Guest.ADDRESS;
  }

  /** Looks up the guest's address among its GIDs; for a command of its shell. */
  String guestGidIndex() {
    return "$(gid-index " + (ipv6 ? Guest.LONG_V6 : Guest.ADDRESS) + ")";
  }

  /** The guest; started anew if there is none. */
  Guest guest() throws InteropException {
    if (guest == null || !guest.isAlive()) {
      dropGuest();
      guest = Guest.start(image, wire, folder.resolve("guest-" + started++));
      add(guest.capture());
      guestTarget = "";
      followMtu();
      if (host != null) {
        // With the guest before this one its link may have gone.
        host.awaitDevice();
      }
    }
    return guest;
  }

  /** The host that is running. */
  HostProcess host() {
    return host;
  }

  /** Whether packets get lost in the case at hand. */
  boolean losesPackets() {
    return at != null && at.faults().contains("loss");
  }

  /** Starts the host anew, for the case at hand. */
  void renewHost() throws InteropException {
    dropHost();
    prepare(Objects.requireNonNull(at, "a case"));
  }

  /** Makes guest and host as a case needs them. */
  void prepare(Case wanted) throws InteropException {
    at = wanted;
    if (wanted.damages() != damages) {
      // Captures of their own.
      dropAll();
      damages = wanted.damages();
    }
    mtuBytes = wanted.mtuBytes();
    ipv6 = wanted.ipv6();
    Guest peer = guest();
    followMtu();
    if (wanted.host() == Case.Host.INITIATOR && guestTarget.isEmpty()) {
      String answer =
          peer.run(
              "srpt-up " + SRP_PORT + " " + DISK_MIB + " " + Guest.ADDRESS + " " + Guest.LONG_V6,
              SHORT);
      guestTarget = answer.substring(answer.indexOf("target ") + 7).strip();
    }
    String key = wanted.host() + " " + mtuBytes + " " + wanted.faults() + " " + ipv6 + guestTarget;
    if (host == null || !key.equals(hostKey)) {
      dropHost();
      Path own = folder.resolve("host-" + started++);
      host = HostProcess.start(home, own, wire.prefix(), configurations(wanted));
      hostKey = key;
      Path capture = own.resolve("host.pcap");
      host.shell("ib:pcap p0 " + capture + " 64", SHORT);
      add(capture);
    }
  }

  /** rxe follows its network card, which has no IPv6 while its MTU is below that of IPv6. */
  private void followMtu() throws InteropException {
    int linkMtu = linkMtu(mtuBytes);
    String set = "ip link set eth0 mtu " + linkMtu;
    if (linkMtu >= IPV6_MTU) {
      set += "; ip addr replace " + Guest.ADDRESS_V6 + "/64 dev eth0 nodad";
    }
    guest.run(set, SHORT);
  }

  /** The link's MTU with which Linux makes this path MTU. */
  private static int linkMtu(int pathMtu) {
    return switch (pathMtu) {
      case 4096 -> Guest.LINK_MTU;
      case 1024 -> Math.max(IPV6_MTU, pathMtu + 100);
      default -> pathMtu + 100;
    };
  }

  private Map<String, List<String>> configurations(Case wanted) {
    Map<String, List<String>> files = new LinkedHashMap<>();
    List<String> port = new ArrayList<>();
    port.add("name = \"p0\"");
    port.add("address = \"" + ourAddress() + "\"");
    port.add("mtu = \"" + wanted.mtuBytes() + "\"");
    port.addAll(wire.port(wanted.faults()));
    files.put("ib.port-p0", port);
    String driver = wanted.host() == Case.Host.EHCA ? "ehca" : "mthca";
    files.put(
        "ib.driver." + driver + "-" + driver + "0",
        List.of("ib.device = \"" + driver + "0\"", "port.target = \"(ib.port\\=p0)\""));
    switch (wanted.host()) {
      case INITIATOR ->
          files.put(
              "ib.ulp.srp-disk0",
              List.of(
                  "name = \"disk0\"",
                  "port = \"p0\"",
                  "target.address = \"" + guestAddress() + "\"",
                  "target.port = \"" + SRP_PORT + "\"",
                  "initiator.port.id = \"0002c903000e8acd0002c903000e8acd\"",
                  "target.port.id = \"" + bare(guestTarget) + bare(guestTarget) + "\""));
      case TARGET -> files.put(TARGET, target());
      case PLAIN, EHCA -> {}
    }
    return files;
  }

  private static List<String> target() {
    return List.of(
        "name = \"t0\"",
        "port = \"p0\"",
        "listen = \"" + SRP_PORT + "\"",
        "target.port.id = \"" + TARGET_ID + TARGET_ID + "\"",
        "luns = [ \"0\\=ram:" + DISK_MIB + "M\" ]");
  }

  /** Takes the host's target away. */
  void withdrawTarget() throws InteropException {
    host.configure(TARGET, List.of());
  }

  /** Brings the host's target back, with an empty disk. */
  void offerTarget() throws InteropException {
    host.configure(TARGET, target());
  }

  private static String bare(String guid) {
    return guid.replace(":", "").replace("0x", "");
  }

  /** After a case that failed nothing is trusted. */
  void dropAll() {
    dropHost();
    dropGuest();
  }

  /** Ends the processes of a case that hangs, from another thread: its waits then fail. */
  void abort() {
    Guest aGuest = guest;
    HostProcess aHost = host;
    if (aGuest != null) {
      aGuest.kill();
    }
    if (aHost != null) {
      aHost.kill();
    }
  }

  void dropHost() {
    if (host != null) {
      host.close();
      host = null;
    }
  }

  void dropGuest() {
    if (guest != null) {
      guest.close();
      guest = null;
    }
  }

  @Override
  public void close() {
    dropAll();
  }
}
