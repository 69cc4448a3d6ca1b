// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.verbs.PostResult;
import ib.verbs.RdmaDevice;
import ib.verbs.RecvWr;
import ib.verbs.SendWr;
import ib.verbs.WcStatus;
import ib.verbs.WorkCompletion;
import ib.verbs.WrOpcode;
import it.fixture.Addresses;
import it.fixture.Bundles;
import it.fixture.Devices;
import it.fixture.RcPair;
import it.fixture.Services;
import it.fixture.Settings;
import it.fixture.TestUlp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.util.List;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/**
 * What an address means belongs to the ops that made it: given to another device, or to another
 * generation of the same, it completes with a protection error and touches nothing.
 */
@RunWith(PaxExam.class)
public class WrongAddressIT {
  private static final int BYTES = 2 * DmaMemoryPool.PAGE_SIZE;
  private static final byte SOURCE = 0x11;
  private static final byte SINK = 0x22;
  private static final String MTHCA = "mthca0";
  private static final String EHCA = "ehca0";
  private static final String IPATH = "ipath0";

  @Inject private BundleContext context;
  private Devices devices;
  private TestUlp onMthca;
  private TestUlp onEhca;
  private TestUlp onIpath;
  private DmaMemory source;
  private DmaMemory sink;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void threeDevicesOnPortsOfTheirOwn() throws Exception {
    devices = new Devices(context);
    Settings settings = new Settings(context);
    settings.port(MTHCA, address(MTHCA).getHostAddress());
    settings.port(EHCA, address(EHCA).getHostAddress());
    settings.port(IPATH, address(IPATH).getHostAddress());
    settings.device("ib.driver.mthca", MTHCA, MTHCA);
    settings.device("ib.driver.ehca", EHCA, EHCA);
    settings.device("ib.driver.ipath", IPATH, IPATH);
    onMthca = TestUlp.start(context, "test.ulp.mthca", MTHCA);
    onEhca = TestUlp.start(context, "test.ulp.ehca", EHCA);
    onIpath = TestUlp.start(context, "test.ulp.ipath", IPATH);
    DmaMemoryPool pool = Services.find(context, DmaMemoryPool.class, "(objectClass=*)");
    source = pool.allocate(BYTES);
    source.segment().fill(SOURCE);
    sink = pool.allocate(BYTES);
    sink.segment().fill(SINK);
  }

  @After
  public void nothingIsLeft() {
    assertThat(source.pinCount()).isZero();
    assertThat(sink.pinCount()).isZero();
    source.close();
    sink.close();
    assertThat(devices.untidy()).isEmpty();
  }

  @Test
  public void shouldSendByAddressesOfTheDevicesOwn() throws Exception {
    for (TestUlp near : List.of(onMthca, onEhca, onIpath)) {
      sink.segment().fill(SINK);
      RdmaDevice device = near.device();
      long own = map(device, source, DmaDirection.TO_DEVICE);

      assertThat(sendFrom(device, own)).isEqualTo(WcStatus.SUCCESS);

      assertThat(sink.segment().mismatch(source.segment())).isEqualTo(-1);
      device.dma().unmapSingle(own, BYTES, DmaDirection.TO_DEVICE);
    }
  }

  @Test
  public void shouldRefuseAVirtualAddressOnDevicesThatDoDma() throws Exception {
    long virtual = map(onIpath.device(), source, DmaDirection.TO_DEVICE);
    assertThat(virtual).isEqualTo(source.segment().address());

    refused(onMthca.device(), virtual);
    refused(onEhca.device(), virtual);

    onIpath.device().dma().unmapSingle(virtual, BYTES, DmaDirection.TO_DEVICE);
  }

  @Test
  public void shouldRefuseAnAddressOfAnotherDevice() throws Exception {
    long mthcas = map(onMthca.device(), source, DmaDirection.TO_DEVICE);

    refused(onEhca.device(), mthcas);
    refused(onIpath.device(), mthcas);

    onMthca.device().dma().unmapSingle(mthcas, BYTES, DmaDirection.TO_DEVICE);
    long ehcas = map(onEhca.device(), source, DmaDirection.TO_DEVICE);

    refused(onMthca.device(), ehcas);
    refused(onIpath.device(), ehcas);

    onEhca.device().dma().unmapSingle(ehcas, BYTES, DmaDirection.TO_DEVICE);
  }

  @Test
  public void shouldRefuseAnAddressOfAnEarlierGeneration() throws Exception {
    for (TestUlp ulp : List.of(onMthca, onEhca)) {
      RdmaDevice first = ulp.device();
      long stale = map(first, source, DmaDirection.TO_DEVICE);
      first.dma().unmapSingle(stale, BYTES, DmaDirection.TO_DEVICE);

      String driver = devices.active(first.name()).driver();
      Bundles.named(context, driver).stop();
      Bundles.named(context, driver).start();
      RdmaDevice second = ulp.deviceAfter(first.generation());

      refused(second, stale);
    }
  }

  @Test
  public void shouldRefuseARemoteAddressOfAnotherDevice() throws Exception {
    RdmaDevice near = onIpath.device();
    long own = map(near, source, DmaDirection.TO_DEVICE);
    for (TestUlp other : List.of(onMthca, onEhca)) {
      RdmaDevice far = other.device();
      long virtual = map(near, sink, DmaDirection.BIDIRECTIONAL);
      try (RcPair pair = new RcPair(near, address(near.name()), far, address(far.name()))) {
        SendWr write = new SendWr().reset(1, WrOpcode.RDMA_WRITE);
        write.sges().add(own, BYTES, pair.near().mr().lkey());
        write.remote(virtual, pair.far().mr().rkey());
        assertThat(pair.near().qp().postSend(write)).isEqualTo(PostResult.OK);

        assertThat(pair.near().completion().status()).isEqualTo(WcStatus.REM_ACCESS_ERR);
      }
      untouched();
      near.dma().unmapSingle(virtual, BYTES, DmaDirection.BIDIRECTIONAL);
    }
    near.dma().unmapSingle(own, BYTES, DmaDirection.TO_DEVICE);
  }

  private void refused(RdmaDevice device, long address) throws Exception {
    assertThat(sendFrom(device, address))
        .as("on %s", device.name())
        .isEqualTo(WcStatus.LOC_PROT_ERR);
    untouched();
  }

  private void untouched() {
    assertThat(onlyHolds(source.segment(), SOURCE)).as("the source is untouched").isTrue();
    assertThat(onlyHolds(sink.segment(), SINK)).as("the sink is untouched").isTrue();
  }

  /** Sends to another device's sink; the address is the sender's. */
  private WcStatus sendFrom(RdmaDevice near, long address) throws Exception {
    RdmaDevice far = (near.name().equals(IPATH) ? onEhca : onIpath).device();
    long into = map(far, sink, DmaDirection.FROM_DEVICE);
    WorkCompletion completion;
    try (RcPair pair = new RcPair(near, address(near.name()), far, address(far.name()))) {
      RecvWr recv = new RecvWr().reset(1);
      recv.sges().add(into, BYTES, pair.far().mr().lkey());
      assertThat(pair.far().qp().postRecv(recv)).isEqualTo(PostResult.OK);
      SendWr send = new SendWr().reset(2, WrOpcode.SEND);
      send.sges().add(address, BYTES, pair.near().mr().lkey());
      assertThat(pair.near().qp().postSend(send)).isEqualTo(PostResult.OK);
      completion = pair.near().completion();
      if (completion.status() == WcStatus.SUCCESS) {
        assertThat(pair.far().completion().byteLength()).isEqualTo(BYTES);
        far.dma().syncSingleForCpu(into, BYTES, DmaDirection.FROM_DEVICE);
      }
    }
    far.dma().unmapSingle(into, BYTES, DmaDirection.FROM_DEVICE);
    return completion.status();
  }

  private static long map(RdmaDevice device, DmaMemory memory, DmaDirection direction) {
    long address = device.dma().mapSingle(memory, 0, BYTES, direction);
    assertThat(device.dma().mappingError(address)).isFalse();
    return address;
  }

  private static boolean onlyHolds(MemorySegment segment, byte value) {
    for (long at = 0; at < segment.byteSize(); at++) {
      if (segment.get(ValueLayout.JAVA_BYTE, at) != value) {
        return false;
      }
    }
    return true;
  }

  private static InetAddress address(String device) {
    return InetAddress.ofLiteral(
        switch (device) {
          case MTHCA -> Addresses.of(5, 1);
          case EHCA -> Addresses.of(5, 2);
          default -> Addresses.of(5, 3);
        });
  }
}
