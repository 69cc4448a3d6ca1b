// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.config.ConfigReader;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A disk's configuration, checked.
 *
 * @param name name of the disk
 * @param port port to use, empty for any that has the device
 * @param device device to use, empty for any of the port
 * @param target address and RDMA-CM port
 * @param initiatorPortId 16 bytes as 32 hex digits
 * @param targetPortId 16 bytes as 32 hex digits
 * @param lun number
 * @param queueSize requests at a time
 * @param maxSectors most sectors of 512 bytes of one request
 * @param sgEntries descriptors within a command
 * @param allowExtSg whether longer tables may be in memory
 * @param alwaysIndirect whether also single pieces go as indirect descriptors
 * @param retryCount transport retries
 * @param fastIoFailNs time from blocked to failing I/O, negative for never
 * @param reconnectDelayNs time between attempts, negative for none
 * @param devLossNs time from blocked to lost, negative for never
 * @param commandTimeoutNs time after which a command is aborted
 */
record SrpConfig(
    String name,
    String port,
    String device,
    InetSocketAddress target,
    String initiatorPortId,
    String targetPortId,
    int lun,
    int queueSize,
    int maxSectors,
    int sgEntries,
    boolean allowExtSg,
    boolean alwaysIndirect,
    int retryCount,
    long fastIoFailNs,
    long reconnectDelayNs,
    long devLossNs,
    long commandTimeoutNs) {

  static final int DEFAULT_TARGET_PORT = 5555;
  static final int DEFAULT_QUEUE_SIZE = 64;

  /**
   * 1 MiB, so that a usual large request is one command; Linux's block layer gives a similar limit.
   */
  static final int DEFAULT_MAX_SECTORS = 2048;

  static final int DEFAULT_SG_ENTRIES = 12;
  static final int DEFAULT_RETRY_COUNT = 7;
  static final int DEFAULT_FAST_IO_FAIL_SECONDS = 15;

  /**
   * Linux has 10 s: its paths go with cables. Ours go with drivers that are replaced, and come back
   * at once.
   */
  static final int DEFAULT_RECONNECT_SECONDS = 1;

  static final int DEFAULT_DEV_LOSS_SECONDS = 600;
  static final int DEFAULT_COMMAND_TIMEOUT_SECONDS = 30;

  /** Most entries of a table in memory. */
  static final int MAX_EXTERNAL_ENTRIES = 256;

  private static final List<String> KEYS =
      List.of(
          "name",
          "port",
          "device",
          "target.address",
          "target.port",
          "initiator.port.id",
          "target.port.id",
          "lun",
          "queue.size",
          "max.sectors",
          "cmd.sg.entries",
          "allow.ext.sg",
          "indirect",
          "tl.retry.count",
          "fast.io.fail.seconds",
          "reconnect.delay.seconds",
          "dev.loss.seconds",
          "command.timeout.seconds");

  private static final int PORT_ID_DIGITS = 32;
  private static final long OFF = -1;

  /**
   * Reads a configuration.
   *
   * @param properties as Configuration Admin has them
   * @return the configuration
   * @throws ib.config.ConfigException if it can't work
   */
  static SrpConfig of(Map<String, ?> properties) {
    ConfigReader in = new ConfigReader(SrpInitiator.PID, properties, KEYS);
    String port = in.text("port", "");
    String device = in.text("device", "");
    if (port.isEmpty() && device.isEmpty()) {
      throw in.refuse("port", "is missing", "name the ib.port to use, or set device");
    }
    int queueSize = in.integer("queue.size", DEFAULT_QUEUE_SIZE, 2, 1024);
    long fast = seconds(in, "fast.io.fail.seconds", DEFAULT_FAST_IO_FAIL_SECONDS);
    long reconnect = seconds(in, "reconnect.delay.seconds", DEFAULT_RECONNECT_SECONDS);
    long loss = seconds(in, "dev.loss.seconds", DEFAULT_DEV_LOSS_SECONDS);
    checkTimes(in, fast, reconnect, loss);
    return new SrpConfig(
        in.requiredText("name", "give the disk a name, e.g. disk0"),
        port,
        device,
        new InetSocketAddress(
            in.address("target.address", "give the target's IP address"),
            in.integer("target.port", DEFAULT_TARGET_PORT, 1, 0xFFFF)),
        in.hex("initiator.port.id", PORT_ID_DIGITS),
        in.hex("target.port.id", PORT_ID_DIGITS),
        in.integer("lun", 0, 0, 0x3FFF),
        queueSize,
        in.integer("max.sectors", DEFAULT_MAX_SECTORS, 8, 0xFFFF),
        in.integer("cmd.sg.entries", DEFAULT_SG_ENTRIES, 1, 255),
        in.flag("allow.ext.sg", false),
        in.choice("indirect", "auto", "auto", "always").equals("always"),
        in.integer("tl.retry.count", DEFAULT_RETRY_COUNT, 2, 7),
        fast,
        reconnect,
        loss,
        Duration.ofSeconds(
                in.integer("command.timeout.seconds", DEFAULT_COMMAND_TIMEOUT_SECONDS, 1, 600))
            .toNanos());
  }

  private static long seconds(ConfigReader in, String key, int whenMissing) {
    String value = in.text(key, Integer.toString(whenMissing));
    if (value.equals("off")) {
      return OFF;
    }
    return Duration.ofSeconds(in.integer(key, whenMissing, 0, 86_400)).toNanos();
  }

  /** The rules of {@code srp_tmo_valid} in Linux's {@code scsi_transport_srp.c}. */
  private static void checkTimes(ConfigReader in, long fast, long reconnect, long loss) {
    if (reconnect == 0) {
      throw in.refuse("reconnect.delay.seconds", "is 0", "give 1 or more, or off");
    }
    if (fast < 0 && reconnect < 0 && loss < 0) {
      throw in.refuse(
          "dev.loss.seconds",
          "is off, as are fast.io.fail.seconds and reconnect.delay.seconds: I/O could hang for ever",
          "set one of them");
    }
    if (fast >= 0 && loss >= 0 && fast >= loss) {
      throw in.refuse(
          "fast.io.fail.seconds",
          "is not less than dev.loss.seconds",
          "lower it or raise the other");
    }
  }

  /** Whether this disk uses a device. */
  boolean matches(@Nullable String itsPort, @Nullable String itsDevice) {
    return (port.isEmpty() || port.equals(itsPort))
        && (device.isEmpty() || device.equals(itsDevice));
  }

  /** Most ranges of memory in one request. */
  int maxRanges() {
    return allowExtSg ? MAX_EXTERNAL_ENTRIES : sgEntries;
  }

  /** The target in words. */
  String describeTarget() {
    return target.getAddress().getHostAddress() + ":" + target.getPort() + " LUN " + lun;
  }
}
