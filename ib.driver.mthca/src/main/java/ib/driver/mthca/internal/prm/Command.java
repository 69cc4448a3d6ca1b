// SPDX-License-Identifier: Apache-2.0
package ib.driver.mthca.internal.prm;

/** Opcodes of commands ({@code mthca_cmd.c}). */
public final class Command {
  /** Limits of the device: out mailbox {@link DevLim}. */
  public static final int QUERY_DEV_LIM = 0x003;

  /** What the firmware needs: out mailbox {@link FwInfo}. */
  public static final int QUERY_FW = 0x004;

  /** Starts the adapter: in mailbox {@link HcaParams}. */
  public static final int INIT_HCA = 0x007;

  /** Stops the adapter. */
  public static final int CLOSE_HCA = 0x008;

  /** Brings up the port: in modifier port number. */
  public static final int INIT_IB = 0x009;

  /** Takes down the port: in modifier port number. */
  public static final int CLOSE_IB = 0x00A;

  /** Gives the hardware a protection table entry: in mailbox {@link Mpt}, in modifier index. */
  public static final int SW2HW_MPT = 0x00D;

  /** Takes it back: in modifier index. */
  public static final int HW2SW_MPT = 0x00F;

  /** Writes translations: in mailbox {@link Mtt}, in modifier how many. */
  public static final int WRITE_MTT = 0x011;

  /** Chooses the event queue: in parameter mask of events, in modifier its number. */
  public static final int MAP_EQ = 0x012;

  /** Gives the hardware an event queue: in mailbox {@link QueueContext}, in modifier number. */
  public static final int SW2HW_EQ = 0x013;

  /** Takes it back: in modifier number. */
  public static final int HW2SW_EQ = 0x014;

  /** Gives the hardware a completion queue: in mailbox {@link QueueContext}, in modifier number. */
  public static final int SW2HW_CQ = 0x016;

  /** Takes it back: in modifier number. */
  public static final int HW2SW_CQ = 0x017;

  /**
   * Gives a completion queue another ring: in mailbox {@link QueueContext}, in modifier number; out
   * parameter position of the first entry that is written there.
   */
  public static final int RESIZE_CQ = 0x02C;

  /** Gives the hardware a shared receive queue: in mailbox {@link SrqContext}, modifier number. */
  public static final int SW2HW_SRQ = 0x035;

  /** Takes it back: in modifier number. */
  public static final int HW2SW_SRQ = 0x036;

  /** Queries it: out mailbox {@link SrqContext}, in modifier number. */
  public static final int QUERY_SRQ = 0x037;

  /** Arms its limit: in parameter the limit, in modifier number. */
  public static final int ARM_SRQ = 0x040;

  /** Writes an entry of the multicast table: in mailbox {@link Mgm}, in modifier its index. */
  public static final int WRITE_MGM = 0x026;

  /** RESET to INIT: in mailbox {@link QpContext}, in modifier QPN; as all transitions. */
  public static final int RST2INIT = 0x019;

  /** INIT to RTR. */
  public static final int INIT2RTR = 0x01A;

  /** RTR to RTS. */
  public static final int RTR2RTS = 0x01B;

  /** Changes attributes in RTS. */
  public static final int RTS2RTS = 0x01C;

  /** SQE to RTS. */
  public static final int SQERR2RTS = 0x01D;

  /** Any state to ERR. */
  public static final int TO_ERR = 0x01E;

  /** RTS to SQD. */
  public static final int RTS2SQD = 0x01F;

  /** SQD to RTS. */
  public static final int SQD2RTS = 0x020;

  /** Any state to RESET. */
  public static final int TO_RST = 0x021;

  /** Queries a queue pair: out mailbox {@link QpContext}, in modifier QPN. */
  public static final int QUERY_QP = 0x022;

  /** Changes attributes in INIT. */
  public static final int INIT2INIT = 0x02D;

  /** Waits until nothing uses translations that were read before. */
  public static final int SYNC_TPT = 0x02F;

  /** Changes attributes in SQD. */
  public static final int SQD2SQD = 0x038;

  /** Starts the firmware. */
  public static final int RUN_FW = 0xFF6;

  /** Unmaps context memory: in parameter its address, in modifier pages. */
  public static final int UNMAP_ICM = 0xFF9;

  /** Maps context memory: in mailbox {@link MapEntries}, in modifier how many. */
  public static final int MAP_ICM = 0xFFA;

  /** Unmaps auxiliary memory. */
  public static final int UNMAP_ICM_AUX = 0xFFB;

  /** Maps auxiliary memory: in mailbox {@link MapEntries}, in modifier how many. */
  public static final int MAP_ICM_AUX = 0xFFC;

  /** Says how much context memory there will be: in parameter bytes; out parameter pages wanted. */
  public static final int SET_ICM_SIZE = 0xFFD;

  /** Unmaps the firmware's memory. */
  public static final int UNMAP_FA = 0xFFE;

  /** Maps the firmware's memory: in mailbox {@link MapEntries}, in modifier how many. */
  public static final int MAP_FA = 0xFFF;

  private Command() {}

  /** Name of an opcode, for messages. */
  public static String name(int opcode) {
    return switch (opcode) {
      case QUERY_DEV_LIM -> "QUERY_DEV_LIM";
      case QUERY_FW -> "QUERY_FW";
      case INIT_HCA -> "INIT_HCA";
      case CLOSE_HCA -> "CLOSE_HCA";
      case INIT_IB -> "INIT_IB";
      case CLOSE_IB -> "CLOSE_IB";
      case SW2HW_MPT -> "SW2HW_MPT";
      case HW2SW_MPT -> "HW2SW_MPT";
      case WRITE_MTT -> "WRITE_MTT";
      case MAP_EQ -> "MAP_EQ";
      case SW2HW_EQ -> "SW2HW_EQ";
      case HW2SW_EQ -> "HW2SW_EQ";
      case SW2HW_CQ -> "SW2HW_CQ";
      case HW2SW_CQ -> "HW2SW_CQ";
      case RST2INIT -> "RST2INIT_QPEE";
      case INIT2RTR -> "INIT2RTR_QPEE";
      case RTR2RTS -> "RTR2RTS_QPEE";
      case RTS2RTS -> "RTS2RTS_QPEE";
      case TO_ERR -> "2ERR_QPEE";
      case SQERR2RTS -> "SQERR2RTS_QPEE";
      case RESIZE_CQ -> "RESIZE_CQ";
      case SW2HW_SRQ -> "SW2HW_SRQ";
      case HW2SW_SRQ -> "HW2SW_SRQ";
      case QUERY_SRQ -> "QUERY_SRQ";
      case ARM_SRQ -> "ARM_SRQ";
      case WRITE_MGM -> "WRITE_MGM";
      case RTS2SQD -> "RTS2SQD_QPEE";
      case SQD2RTS -> "SQD2RTS_QPEE";
      case TO_RST -> "ERR2RST_QPEE";
      case QUERY_QP -> "QUERY_QPEE";
      case INIT2INIT -> "INIT2INIT_QPEE";
      case SYNC_TPT -> "SYNC_TPT";
      case SQD2SQD -> "SQD2SQD_QPEE";
      case RUN_FW -> "RUN_FW";
      case UNMAP_ICM -> "UNMAP_ICM";
      case MAP_ICM -> "MAP_ICM";
      case UNMAP_ICM_AUX -> "UNMAP_ICM_AUX";
      case MAP_ICM_AUX -> "MAP_ICM_AUX";
      case SET_ICM_SIZE -> "SET_ICM_SIZE";
      case UNMAP_FA -> "UNMAP_FA";
      case MAP_FA -> "MAP_FA";
      default -> "command 0x" + Integer.toHexString(opcode);
    };
  }
}
