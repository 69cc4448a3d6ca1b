// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.IbDevice;
import ib.dma.IbDmaOps;
import ib.verbs.DeviceStatus;
import it.fixture.Addresses;
import it.fixture.Bundles;
import it.fixture.Devices;
import it.fixture.Services;
import it.fixture.Settings;
import javax.inject.Inject;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/** The ops that the drivers register: whose object that is. */
@RunWith(PaxExam.class)
public class SharedOpsIT {
  @Inject private BundleContext context;
  private Devices devices;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void threeDevicesOnOnePort() {
    devices = new Devices(context);
    Settings settings = new Settings(context);
    settings.port("p0", Addresses.of(4, 1));
    settings.device("ib.driver.mthca", "mthca0", "p0");
    settings.device("ib.driver.ehca", "ehca0", "p0");
    settings.device("ib.driver.ipath", "ipath0", "p0");
    devices.active("mthca0");
    devices.active("ehca0");
    devices.active("ipath0");
  }

  @Test
  public void shouldRegisterTheVeryObjectOfCoreForMthcaAndEhca() {
    IbDmaOps shared = Services.find(context, IbDmaOps.class, "(ib.dma.default=true)");

    assertThat(opsOf("mthca0")).isSameAs(shared);
    assertThat(opsOf("ehca0")).isSameAs(shared);
  }

  @Test
  public void shouldRegisterAnObjectOfItsOwnForIpath() {
    IbDmaOps shared = Services.find(context, IbDmaOps.class, "(ib.dma.default=true)");

    assertThat(opsOf("ipath0")).isNotSameAs(shared);
    assertThat(opsOf("ipath0").getClass()).isNotEqualTo(shared.getClass());
  }

  @Test
  public void shouldRegisterOpsAndDeviceByTheDriversOwnBundle() {
    for (DeviceStatus status : devices.inventory().devices()) {
      String filter = "(" + IbDevice.DEVICE + "=" + status.name() + ")";
      assertThat(Bundles.registering(context, IbDmaOps.class, filter).getSymbolicName())
          .isEqualTo(status.driver());
      assertThat(Bundles.registering(context, IbDevice.class, filter).getSymbolicName())
          .isEqualTo(status.driver());
    }
  }

  @Test
  public void shouldTellOperatorsWhoShares() {
    assertThat(devices.active("mthca0").sharedOps()).isTrue();
    assertThat(devices.active("ehca0").sharedOps()).isTrue();
    assertThat(devices.active("ipath0").sharedOps()).isFalse();
  }

  private IbDmaOps opsOf(String device) {
    return Services.find(context, IbDmaOps.class, "(" + IbDevice.DEVICE + "=" + device + ")");
  }
}
