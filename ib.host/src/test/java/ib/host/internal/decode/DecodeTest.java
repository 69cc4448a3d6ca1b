// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.decode;

import static org.assertj.core.api.Assertions.assertThat;

import ib.srp.SrpBufferFormat;
import ib.srp.SrpCmd;
import ib.srp.SrpCred;
import ib.srp.SrpDirectBuf;
import ib.srp.SrpIndirectBuf;
import ib.srp.SrpLoginReq;
import ib.srp.SrpLoginReqCm;
import ib.srp.SrpLoginRsp;
import ib.transport.wire.Bth;
import ib.transport.wire.CmMessage;
import ib.transport.wire.CmRep;
import ib.transport.wire.CmReq;
import ib.transport.wire.Deth;
import ib.transport.wire.Icrc;
import ib.transport.wire.IcrcFlow;
import ib.transport.wire.Mad;
import ib.transport.wire.Opcode;
import ib.transport.wire.PcapReader;
import ib.transport.wire.PcapWriter;
import ib.transport.wire.RdmaCmHeader;
import ib.transport.wire.RoceFrame;
import ib.transport.wire.ServiceId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecodeTest {
  private static final byte[] A = {127, 9, 9, 1};
  private static final byte[] B = {127, 9, 9, 2};
  private static final int PORT = 50000;
  private static final int QPN = 0x77;

  @TempDir Path folder;

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final ByteArrayOutputStream captured = new ByteArrayOutputStream();
  private final PcapWriter writer;
  private final Icrc icrc = new Icrc();
  private String output = "";

  DecodeTest() throws IOException {
    writer = new PcapWriter(captured);
  }

  private static Path capture(String name) {
    return Path.of("..", "ib.transport", "src", "test", "resources", "captures", name + ".pcap");
  }

  private int decode(Path file) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int code =
        DecodeMain.run(
            List.of(file.toString()),
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    output = out.toString(StandardCharsets.UTF_8);
    return code;
  }

  private int decodeWritten() throws IOException {
    writer.flush();
    Path file = folder.resolve("written.pcap");
    Files.write(file, captured.toByteArray());
    return decode(file);
  }

  private String line(int number) {
    return output
        .lines()
        .filter(line -> line.startsWith(String.format("%6d ", number)))
        .findFirst()
        .orElseThrow();
  }

  /** Writes one packet from A to B; the payload's length is a multiple of four. */
  private void write(int opcode, int destQp, int psn, byte[] payload) throws IOException {
    int header = Math.max(Bth.LENGTH, Opcode.headerLength(opcode));
    byte[] packet = new byte[header + payload.length + Icrc.LENGTH];
    MemorySegment seg = MemorySegment.ofArray(packet);
    Bth.write(seg, 0, opcode, false, 0, 0xFFFF, destQp, true, psn);
    if (Opcode.hasDeth(opcode)) {
      Deth.write(seg, Bth.LENGTH, Mad.GSI_QKEY, Mad.GSI_QPN);
    }
    System.arraycopy(payload, 0, packet, header, payload.length);
    icrc.append(IcrcFlow.of(A, B, PORT), 0, seg, 0, header + payload.length);
    writer.write(psn, A, B, PORT, 0, true, seg, 0, packet.length);
  }

  private static byte[] indirectWrite(int entries) {
    byte[] unit = new byte[SrpCmd.LENGTH + SrpIndirectBuf.LENGTH + 16 * entries];
    MemorySegment seg = MemorySegment.ofArray(unit);
    SrpCmd.init(seg, 0, 0);
    SrpCmd.formats(seg, 0, SrpBufferFormat.INDIRECT, SrpBufferFormat.NONE);
    SrpCmd.outCount(seg, 0, entries);
    unit[SrpCmd.CDB_OFFSET] = 0x2A;
    unit[SrpCmd.CDB_OFFSET + 8] = (byte) (entries * 8);
    SrpDirectBuf.write(seg, 48, 0x1000, 5, 16L * entries);
    SrpIndirectBuf.totalLength(seg, 48, 4096L * entries);
    for (int i = 0; i < entries; i++) {
      SrpDirectBuf.write(seg, SrpIndirectBuf.entry(48, i), 0x10000L * (i + 1), 5, 4096);
    }
    return unit;
  }

  @ParameterizedTest
  @CsvSource({"a-rping,65,2", "b2-srp-noimm,275,0", "c-target-disconnect,4,0"})
  void shouldPassTheCapturesOfALinuxKernel(String name, int packets, int others) {
    assertThat(decode(capture(name))).isEqualTo(DecodeMain.OK);
    assertThat(output)
        .endsWith(
            ": "
                + packets
                + " RoCEv2 packets, "
                + others
                + " other frames, 0 bad"
                + System.lineSeparator());
    assertThat(output.lines()).hasSize(packets + 1);
    assertThat(output).doesNotContain("!!");
  }

  @Test
  void shouldNameExactlyTheThreePacketsWithAWrongIcrc() {
    assertThat(decode(capture("e-ipv6-python-rping"))).isEqualTo(DecodeMain.FAILED);
    assertThat(output.lines().filter(line -> line.startsWith("  packet ")))
        .containsExactly(
            "  packet 5 (wrong ICRC)", "  packet 6 (wrong ICRC)", "  packet 7 (wrong ICRC)");
    assertThat(output.lines().filter(line -> line.contains("!!"))).hasSize(3);
    assertThat(output).contains("fd77:0:0:0:0:0:0:3:35954->fd77:0:0:0:0:0:0:2");
  }

  @Test
  void shouldPrintSrpDownToDescriptorsAndSense() {
    decode(capture("b2-srp-noimm"));
    assertThat(line(1))
        .contains("CM REQ", "(TCP port 5555)", "SRP LOGIN_REQ", "max_it_iu=276", "single")
        .contains("initiator=0000000000000000505400fffe770002");
    assertThat(line(2)).contains("CM REP", "SRP LOGIN_RSP", "req_lim=128", "max_it_iu=8276");
    assertThat(line(4)).contains("RC_WRITE_ONLY", "dmalen=0");
    assertThat(line(234))
        .contains("SRP CMD tag=2600000000000000 lun=0 WRITE(10) lba=0 blocks=8")
        .contains("out=direct(va=ff42de4a43d5f000 key=18067 len=4096)");
    assertThat(line(171))
        .contains(
            "CHECK_CONDITION", "sense=ILLEGAL REQUEST: 20/00 (invalid command operation code)");
    assertThat(line(143)).contains("GOOD in under 4080");
    assertThat(line(270)).contains("SRP TSK_MGMT", "LUN_RESET", "task=ffffffff00000000");
    assertThat(line(272)).contains("task response 0 (complete)");
    decode(capture("c-target-disconnect"));
    assertThat(line(4)).contains("reason 28 (rejected", "SRP LOGIN_REJ", "0x10001 (insufficient");
  }

  @Test
  void shouldNotTakeTheSendsOfAnotherServiceForSrp() {
    decode(capture("a-rping"));
    assertThat(output).doesNotContain("SRP");
  }

  @Test
  void shouldPutUnitsOfSeveralPacketsTogether() throws IOException {
    byte[] unit = indirectWrite(31);
    write(Opcode.SEND_FIRST, QPN, 0xFFFFFF, Arrays.copyOfRange(unit, 0, 256));
    write(Opcode.SEND_MIDDLE, QPN, 0, Arrays.copyOfRange(unit, 256, 512));
    write(Opcode.SEND_LAST, QPN, 1, Arrays.copyOfRange(unit, 512, unit.length));
    assertThat(decodeWritten()).isEqualTo(DecodeMain.OK);
    assertThat(line(1)).doesNotContain("SRP");
    assertThat(line(3))
        .contains(
            "SRP CMD", "WRITE(10) lba=0 blocks=248", "total 126976", "va=1f0000 key=5 len=4096");
  }

  @Test
  void shouldNotPutPacketsOutOfOrderTogether() throws IOException {
    byte[] unit = indirectWrite(31);
    write(Opcode.SEND_FIRST, QPN, 1, Arrays.copyOfRange(unit, 0, 256));
    write(Opcode.SEND_LAST, QPN, 3, Arrays.copyOfRange(unit, 512, unit.length));
    assertThat(decodeWritten()).isEqualTo(DecodeMain.OK);
    assertThat(output).doesNotContain("SRP");
  }

  @Test
  void shouldJudgeAnUnknownConnectionByItsUnits() throws IOException {
    byte[] unit = new byte[SrpCred.LENGTH];
    SrpCred.initRequest(MemorySegment.ofArray(unit), 0, 0, 7);
    write(Opcode.SEND_ONLY, QPN, 1, unit);
    unit[2] = 1;
    write(Opcode.SEND_ONLY, QPN, 2, unit);
    assertThat(decodeWritten()).isEqualTo(DecodeMain.OK);
    assertThat(line(1)).contains("SRP CRED_REQ").contains("delta=7");
    assertThat(line(2)).doesNotContain("SRP");
  }

  /** A REQ from A to B that logs in to an SRP target with immediate data at byte 68. */
  private void writeLogin(int qpn) throws IOException {
    byte[] mad = new byte[Mad.LENGTH];
    MemorySegment seg = MemorySegment.ofArray(mad);
    Mad.writeCm(seg, 0, CmMessage.REQ, 1);
    CmReq.LOCAL_COMM_ID.set(seg, 0, 0x1234);
    CmReq.LOCAL_QPN.set(seg, 0, qpn);
    CmReq.SERVICE_ID.set(seg, 0, ServiceId.of(ServiceId.TCP, 5555));
    int at = CmReq.PRIVATE_DATA.offset();
    RdmaCmHeader.write(seg, at, 40000, A, B);
    at += RdmaCmHeader.LENGTH;
    byte[] portId = new byte[16];
    Arrays.fill(portId, (byte) 7);
    SrpLoginReqCm.init(seg, at, 1);
    SrpLoginReqCm.flags(seg, at, SrpLoginReq.ACTION_MULTI | SrpLoginReq.IMMEDIATE_DATA);
    SrpLoginReqCm.immediateOffset(seg, at, 68);
    SrpLoginReqCm.initiatorPortId(seg, at, portId);
    SrpLoginReqCm.targetPortId(seg, at, portId);
    write(Opcode.UD_SEND_ONLY, Mad.GSI_QPN, 1, mad);
  }

  /** The REP that accepts the REQ of {@link #writeLogin}. */
  private void writeReply(byte[] from, byte[] to, int qpn) throws IOException {
    byte[] packet = new byte[Opcode.headerLength(Opcode.UD_SEND_ONLY) + Mad.LENGTH + Icrc.LENGTH];
    MemorySegment seg = MemorySegment.ofArray(packet);
    Bth.write(seg, 0, Opcode.UD_SEND_ONLY, false, 0, 0xFFFF, Mad.GSI_QPN, false, 1);
    Deth.write(seg, Bth.LENGTH, Mad.GSI_QKEY, Mad.GSI_QPN);
    int mad = Opcode.headerLength(Opcode.UD_SEND_ONLY);
    Mad.writeCm(seg, mad, CmMessage.REP, 1);
    CmRep.REMOTE_COMM_ID.set(seg, mad, 0x1234);
    CmRep.LOCAL_QPN.set(seg, mad, qpn);
    SrpLoginRsp.init(seg, mad + CmRep.PRIVATE_DATA.offset(), 1);
    icrc.append(IcrcFlow.of(from, to, PORT), 0, seg, 0, packet.length - Icrc.LENGTH);
    writer.write(2, from, to, PORT, 0, true, seg, 0, packet.length);
  }

  @Test
  void shouldUseTheOffsetOfImmediateDataThatTheLoginNamed() throws IOException {
    writeLogin(0x55);
    writeReply(B, A, QPN);
    byte[] unit = new byte[68 + 512];
    MemorySegment seg = MemorySegment.ofArray(unit);
    new Random(3).nextBytes(unit);
    seg.asSlice(0, 68).fill((byte) 0);
    SrpCmd.init(seg, 0, 5);
    SrpCmd.formats(seg, 0, SrpBufferFormat.IMMEDIATE, SrpBufferFormat.NONE);
    SrpCmd.immediateLength(seg, SrpCmd.outDescriptor(seg, 0), 512);
    write(Opcode.SEND_ONLY, QPN, 3, unit);
    SrpCmd.immediateLength(seg, SrpCmd.outDescriptor(seg, 0), 513);
    write(Opcode.SEND_ONLY, QPN, 4, unit);
    assertThat(decodeWritten()).as(output).isEqualTo(DecodeMain.OK);
    assertThat(line(1)).contains("SRP LOGIN_REQ", "multi immediate@68");
    assertThat(line(2)).contains("SRP LOGIN_RSP");
    assertThat(line(3)).contains("SRP CMD", "out=immediate(512)");
    assertThat(line(4)).contains("malformed SRP unit: CMD with 513 bytes of immediate data");
  }

  @Test
  void shouldNameReservedBitsThatTheCodecDoesNotKnow() throws IOException {
    byte[] mad = new byte[Mad.LENGTH];
    MemorySegment seg = MemorySegment.ofArray(mad);
    Mad.writeCm(seg, 0, CmMessage.REQ, 1);
    CmReq.SERVICE_ID.set(seg, 0, ServiceId.of(ServiceId.TCP, 9));
    mad[Mad.HEADER_LENGTH + 4] = 1;
    write(Opcode.UD_SEND_ONLY, Mad.GSI_QPN, 1, mad);
    assertThat(decodeWritten()).isEqualTo(DecodeMain.FAILED);
    assertThat(output).contains("packet 1 (differs when encoded again, from byte 48)");
  }

  @Test
  void shouldNamePacketsThatCanNotBe() throws IOException {
    write(0x15, QPN, 1, new byte[12]);
    write(Opcode.ACK, QPN, 2, new byte[4]);
    write(Opcode.WRITE_ONLY, QPN, 3, new byte[0]);
    assertThat(decodeWritten()).isEqualTo(DecodeMain.FAILED);
    assertThat(output)
        .contains("packet 1 (unknown opcode 0x15)", "packet 2 (RC_ACK with payload)")
        .contains("3 RoCEv2 packets, 0 other frames, 2 bad");
  }

  @Test
  void shouldNameOnlySoManyBadPackets() throws IOException {
    for (int i = 0; i < 105; i++) {
      write(Opcode.ACK, QPN, i, new byte[4]);
    }
    assertThat(decodeWritten()).isEqualTo(DecodeMain.FAILED);
    assertThat(output)
        .contains("105 bad", "packet 100 (", "and 5 more")
        .doesNotContain("packet 101");
  }

  @Test
  void shouldSayWhatIsWrongWithTheFile() throws IOException {
    assertThat(decode(folder.resolve("missing.pcap"))).isEqualTo(DecodeMain.UNUSABLE);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("missing.pcap: no such file");
    byte[] whole = Files.readAllBytes(capture("a-rping"));
    Path cut = folder.resolve("cut.pcap");
    Files.write(cut, Arrays.copyOf(whole, whole.length - 3));
    assertThat(decode(cut)).isEqualTo(DecodeMain.UNUSABLE);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("cut.pcap: cut off at byte");
    assertThat(output.lines()).hasSize(64);
    PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
    assertThat(DecodeMain.run(List.of(), stream, stream)).isEqualTo(DecodeMain.UNUSABLE);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("./ib decode FILE.pcap");
  }

  /** Damage that a right ICRC hides reaches every decoder behind it; none may throw. */
  @ParameterizedTest
  @CsvSource({"a-rping", "b2-srp-noimm", "c-target-disconnect"})
  void shouldSurviveDamageThatTheIcrcDoesNotShow(String name) throws IOException {
    long seed = 20260722;
    Random random = new Random(seed);
    int packets = 0;
    for (int round = 0; round < 20; round++) {
      packets += damage(name, random);
    }
    assertThat(decodeWritten()).as("seed %d", seed).isEqualTo(DecodeMain.FAILED);
    assertThat(output).as("seed %d", seed).contains(": " + packets + " RoCEv2 packets");
    assertThat(output).doesNotContain("wrong ICRC");
  }

  private int damage(String name, Random random) throws IOException {
    RoceFrame frame = new RoceFrame();
    int packets = 0;
    try (PcapReader reader = new PcapReader(Files.newInputStream(capture(name)))) {
      while (reader.next()) {
        if (frame.parse(reader.linkType(), reader.frame(), reader.length())
            != RoceFrame.Kind.ROCE) {
          continue;
        }
        packets++;
        int length = frame.roceLength();
        byte[] packet =
            reader
                .frame()
                .asSlice(frame.bthOffset(), length + Icrc.LENGTH)
                .toArray(ValueLayout.JAVA_BYTE);
        for (int n = random.nextInt(3); n > 0; n--) {
          packet[random.nextInt(length)] = (byte) random.nextInt();
        }
        MemorySegment seg = MemorySegment.ofArray(packet);
        icrc.append(frame.flow(), 0, seg, 0, length);
        writer.write(
            reader.timeNs(),
            frame.source(),
            frame.destination(),
            frame.sourcePort(),
            0,
            true,
            seg,
            0,
            length + 4);
      }
    }
    return packets;
  }
}
