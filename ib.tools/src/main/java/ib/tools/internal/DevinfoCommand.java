// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import ib.verbs.AtomicCap;
import ib.verbs.ConnectionManager;
import ib.verbs.DeviceAttributes;
import ib.verbs.DeviceCapFlags;
import ib.verbs.DeviceCapabilities;
import ib.verbs.RdmaDevice;
import java.net.InetAddress;
import java.util.Locale;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * {@code devinfo}: the limits of devices in the form of {@code ibv_devinfo}. What a device of this
 * kind can't have (EE contexts, raw queue pairs) is 0 as there.
 */
@Component(
    service = DevinfoCommand.class,
    property = {"osgi.command.scope=rdma", "osgi.command.function=devinfo"})
public final class DevinfoCommand {
  private static final String USAGE = "devinfo [-d dev] [-l] [-v]";

  /** {@code enum ibv_mtu}: 256 bytes is 1. */
  private static final int MTU_SHIFT = 7;

  private static final int MAX_MTU = 4096;
  private static final int PAGE_SIZE_CAP = 0x1000;

  /** {@code IB_PORT_CM_SUP}. */
  private static final int PORT_CAP_CM = 1 << 16;

  private static final long MAX_MESSAGE_BYTES = 1L << 31;

  private final Toolbox toolbox;

  /** Made by Declarative Services. */
  @Activate
  public DevinfoCommand(@Reference Toolbox toolbox) {
    this.toolbox = toolbox;
  }

  /**
   * Tells.
   *
   * @param args as {@code ibv_devinfo} takes them
   * @return what it would print
   * @throws Exception if there is no such device
   */
  public String devinfo(String[] args) throws Exception {
    if (Arguments.askForHelp(args)) {
      return "usage: " + USAGE;
    }
    Arguments given =
        new Arguments("usage: " + USAGE)
            .value("-d", "--ib-dev", Common.DEVICE)
            .value("-i", "--ib-port")
            .flag("-l", "--list")
            .flag("-v", "--verbose")
            .parse(args);
    if (given.has("--list")) {
      return list();
    }
    StringBuilder text = new StringBuilder();
    String wanted = given.text(Common.DEVICE);
    for (RdmaDevice device : toolbox.devices()) {
      if (wanted == null || wanted.equals(device.name())) {
        describe(text, device, given.has("--verbose"));
      }
    }
    if (text.isEmpty()) {
      throw new ToolException(
          wanted == null
              ? "No IB devices found; put a driver into deploy/ and its configuration into etc/"
              : "IB device '" + wanted + "' wasn't found; devinfo -l lists those that are there");
    }
    return text.toString().stripTrailing();
  }

  private String list() {
    StringBuilder text = new StringBuilder();
    int count = toolbox.devices().size();
    text.append("%d HCA%s found:%n".formatted(count, count == 1 ? "" : "s"));
    toolbox.devices().forEach(device -> text.append('\t').append(device.name()).append('\n'));
    return text.toString();
  }

  private void describe(StringBuilder text, RdmaDevice device, boolean verbose) {
    DeviceAttributes limits = device.query();
    ConnectionManager manager = toolbox.manager(device.portName());
    text.append("hca_id:\t").append(device.name()).append('\n');
    Lines lines = new Lines(text, "\t", 32);
    lines.add("transport", "InfiniBand (0)");
    lines.add("node_guid", guid(limits.nodeGuid()));
    lines.add("sys_image_guid", guid(limits.nodeGuid()));
    lines.add("vendor_id", "0x0000");
    lines.add("vendor_part_id", 0);
    lines.add("hw_ver", "0x0");
    lines.add("phys_port_cnt", 1);
    if (verbose) {
      limits(lines, limits);
      capabilities(lines, limits.capabilities());
    }
    text.append("\t\tport:\t1\n");
    port(new Lines(text, "\t\t\t", 24), limits.activeMtuBytes(), verbose, manager);
    text.append('\n');
  }

  private static void limits(Lines lines, DeviceAttributes limits) {
    lines.add("max_mr_size", "0xffffffffffffffff");
    lines.add("page_size_cap", "0x%x".formatted(PAGE_SIZE_CAP));
    lines.add("max_qp", limits.maxQp());
    lines.add("max_qp_wr", limits.maxQpWr());
    lines.add("max_sge", limits.maxSge());
    lines.add("max_sge_rd", limits.maxSge());
    lines.add("max_cq", limits.maxCq());
    lines.add("max_cqe", limits.maxCqe());
    lines.add("max_mr", limits.maxMr());
    lines.add("max_pd", limits.maxPd());
    lines.add("max_qp_rd_atom", limits.maxQpRdAtom());
    lines.add("max_ee_rd_atom", 0);
    lines.add("max_res_rd_atom", (long) limits.maxQpRdAtom() * limits.maxQp());
    lines.add("max_qp_init_rd_atom", limits.maxQpRdAtom());
    lines.add("max_ee_init_rd_atom", 0);
  }

  private static void capabilities(Lines lines, DeviceCapabilities has) {
    lines.add("device_cap_flags", "0x%08x".formatted(has.deviceCapFlags() & 0xFFFF_FFFFL));
    lines.addNames(DeviceCapFlags.describe(has.deviceCapFlags() & 0xFFFF_FFFFL));
    lines.add("atomic_cap", atomic(has.atomicCap()));
    lines.add("max_ee", 0);
    lines.add("max_rdd", 0);
    lines.add("max_mw", has.maxMw());
    lines.add("max_raw_ipv6_qp", 0);
    lines.add("max_raw_ethy_qp", 0);
    lines.add("max_mcast_grp", has.maxMcastGrp());
    lines.add("max_mcast_qp_attach", has.maxMcastQpAttach());
    lines.add("max_total_mcast_qp_attach", has.maxTotalMcastQpAttach());
    lines.add("max_fmr", 0);
    lines.add("max_srq", has.maxSrq());
    if (has.maxSrq() > 0) {
      lines.add("max_srq_wr", has.maxSrqWr());
      lines.add("max_srq_sge", has.maxSrqSge());
    }
    lines.add("max_pkeys", 1);
    lines.add("local_ca_ack_delay", 0);
    lines.add("max_inline_data", has.maxInlineData());
    lines.add("device_cap_flags_ex", "0x%X".formatted(has.deviceCapFlags()));
    lines.addNames(DeviceCapFlags.describe(has.deviceCapFlags() & ~0xFFFF_FFFFL));
  }

  private static void port(
      Lines lines, int mtuBytes, boolean verbose, @Nullable ConnectionManager manager) {
    lines.add("state", "PORT_ACTIVE (4)");
    lines.add("max_mtu", mtu(MAX_MTU));
    lines.add("active_mtu", mtu(mtuBytes));
    lines.add("sm_lid", 0);
    lines.add("port_lid", 0);
    lines.add("port_lmc", "0x00");
    lines.add("link_layer", "Ethernet");
    if (!verbose) {
      return;
    }
    lines.add("max_msg_sz", "0x%x".formatted(MAX_MESSAGE_BYTES));
    lines.add("port_cap_flags", "0x%08x".formatted(PORT_CAP_CM));
    lines.add("port_cap_flags2", "0x0000");
    lines.add("max_vl_num", "1 (1)");
    lines.add("bad_pkey_cntr", "0x0");
    lines.add("qkey_viol_cntr", "0x0");
    lines.add("sm_sl", 0);
    lines.add("pkey_tbl_len", 1);
    lines.add("gid_tbl_len", 1);
    lines.add("subnet_timeout", 0);
    lines.add("init_type_reply", 0);
    lines.add("active_width", "1X (1)");
    lines.add("active_speed", "2.5 Gbps (1)");
    lines.add("phys_state", "LINK_UP (5)");
    if (manager != null) {
      lines.add("GID[  0]", gid(manager.localAddress()) + ", RoCE v2");
    }
  }

  /** {@code enum ibv_atomic_cap}. */
  private static String atomic(AtomicCap atomic) {
    return switch (atomic) {
      case NONE -> "ATOMIC_NONE (0)";
      case HCA -> "ATOMIC_HCA (1)";
      case GLOB -> "ATOMIC_GLOB (2)";
    };
  }

  private static String mtu(int bytes) {
    return "%d (%d)".formatted(bytes, Integer.numberOfTrailingZeros(bytes) - MTU_SHIFT);
  }

  private static String guid(long guid) {
    StringJoiner parts = new StringJoiner(":");
    for (int shift = 48; shift >= 0; shift -= 16) {
      parts.add(String.format(Locale.ROOT, "%04x", guid >>> shift & 0xFFFF));
    }
    return parts.toString();
  }

  private static String gid(InetAddress address) {
    String text = address.getHostAddress();
    return address.getAddress().length == 4 ? "::ffff:" + text : text;
  }

  /** Lines of a name and a value in a column of their own, filled with tabs. */
  private record Lines(StringBuilder text, String indent, int column) {
    private static final int TAB = 8;

    void add(String name, long value) {
      add(name, Long.toString(value));
    }

    void add(String name, String value) {
      text.append(indent).append(name).append(':');
      for (int at = name.length() + 1; at < column; at = (at / TAB + 1) * TAB) {
        text.append('\t');
      }
      text.append(value).append('\n');
    }

    void addNames(String names) {
      if (!names.isEmpty()) {
        for (String name : names.split(" ", -1)) {
          text.append("\t\t\t\t\t").append(name).append('\n');
        }
      }
    }
  }
}
