package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
)

var clientGoChecks = []check{
	{"discovery finds the kinds and a mapper their resources", discovers},
	{"an informer sees what is made, changed and deleted, in order", informs},
	{"a pager reads long lists in pages", pages},
	{"a metadata client sees names without contents", seesMetadata},
	{"writers who collide try again", retries},
	{"server-side apply of typed configurations conflicts and is forced", applies},
	{"protobuf bodies are understood", speaksProtobuf},
	{"pods are patched, bound, evicted", changesPods},
	{"a lease passes from leader to leader", elects},
}

func discovers(_ context.Context, c *cluster) error {
	groups, err := restmapper.GetAPIGroupResources(c.client.Discovery())
	if err != nil {
		return err
	}
	mapping, err := restmapper.NewDiscoveryRESTMapper(groups).RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"})
	if err != nil {
		return err
	}
	if err := expect("resource of Deployment", mapping.Resource.Resource, "deployments"); err != nil {
		return err
	}
	if _, err := c.client.Discovery().ServerPreferredResources(); err != nil {
		return err
	}
	_, err = c.client.Discovery().OpenAPIV3().Paths()
	return err
}

func informs(ctx context.Context, c *cluster) error {
	var mutex sync.Mutex
	var seen []string
	note := func(verb string, object any) {
		if tombstone, is := object.(cache.DeletedFinalStateUnknown); is {
			object = tombstone.Obj
		}
		mutex.Lock()
		defer mutex.Unlock()
		name := object.(*corev1.ConfigMap).Name
		if strings.HasPrefix(name, "own-") {
			seen = append(seen, verb+" "+name)
		}
	}
	maps := c.client.CoreV1().ConfigMaps(c.namespace)
	create := func(name string) error {
		_, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "x"}}}, metav1.CreateOptions{})
		return err
	}
	if err := create("own-before"); err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(c.client, 0, informers.WithNamespace(c.namespace))
	informer := factory.Core().V1().ConfigMaps()
	if _, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { note("add", object) },
		UpdateFunc: func(_, object any) { note("update", object) },
		DeleteFunc: func(object any) { note("delete", object) },
	}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.Informer().HasSynced) {
		return fmt.Errorf("the cache did not fill")
	}
	if err := create("own-after"); err != nil {
		return err
	}
	if _, err := maps.Patch(ctx, "own-after", types.MergePatchType, []byte(`{"data":{"a":"1"}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if err := maps.Delete(ctx, "own-after", metav1.DeleteOptions{}); err != nil {
		return err
	}
	want := []string{"add own-before", "add own-after", "update own-after", "delete own-after"}
	if err := until(ctx, "the informer has seen all", func(context.Context) (bool, error) {
		mutex.Lock()
		defer mutex.Unlock()
		return len(seen) >= len(want), nil
	}); err != nil {
		return err
	}
	if !slices.Equal(seen, want) {
		return fmt.Errorf("seen %q, want %q", seen, want)
	}
	cached, err := informer.Lister().ConfigMaps(c.namespace).Get("own-before")
	if err != nil {
		return err
	}
	return expect("label in the cache", cached.Labels["app"], "x")
}

func pages(ctx context.Context, c *cluster) error {
	maps := c.client.CoreV1().ConfigMaps(c.namespace)
	for index := range 25 {
		if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("m-%02d", index), Labels: map[string]string{"paged": "yes"}}}, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	requests, count := 0, 0
	reader := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		requests++
		return maps.List(ctx, options)
	})
	reader.PageSize = 10
	reader.PageBufferSize = 0
	if err := reader.EachListItem(ctx, metav1.ListOptions{LabelSelector: "paged=yes"}, func(runtime.Object) error {
		count++
		return nil
	}); err != nil {
		return err
	}
	if err := expect("objects", count, 25); err != nil {
		return err
	}
	if err := expect("requests", requests, 3); err != nil {
		return err
	}
	_, err := maps.List(ctx, metav1.ListOptions{Limit: 1, Continue: "nonsense"})
	return expect("a bad token is refused", apierrors.IsBadRequest(err), true)
}

func seesMetadata(ctx context.Context, c *cluster) error {
	client, err := metadata.NewForConfig(c.config)
	if err != nil {
		return err
	}
	if _, err := c.client.CoreV1().ConfigMaps(c.namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "m"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	maps := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}).Namespace(c.namespace)
	// A namespace has more ConfigMaps than ours, and gets them when it pleases.
	ours := fields.OneTermEqualSelector("metadata.name", "m").String()
	list, err := maps.List(ctx, metav1.ListOptions{FieldSelector: ours})
	if err != nil {
		return err
	}
	if err := expect("objects", len(list.Items), 1); err != nil {
		return err
	}
	changes, err := maps.Watch(ctx, metav1.ListOptions{FieldSelector: ours, ResourceVersion: list.ResourceVersion})
	if err != nil {
		return err
	}
	defer changes.Stop()
	if err := maps.Delete(ctx, "m", metav1.DeleteOptions{}); err != nil {
		return err
	}
	select {
	case event := <-changes.ResultChan():
		return expect("event", event.Type, watch.Deleted)
	case <-time.After(patience):
		return fmt.Errorf("no event")
	}
}

func retries(ctx context.Context, c *cluster) error {
	maps := c.client.CoreV1().ConfigMaps(c.namespace)
	if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "counter"}, Data: map[string]string{"count": ""}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	var group sync.WaitGroup
	failures := make(chan error, 5)
	for range 5 {
		group.Add(1)
		go func() {
			defer group.Done()
			failures <- retry.RetryOnConflict(retry.DefaultBackoff, func() error {
				counter, err := maps.Get(ctx, "counter", metav1.GetOptions{})
				if err != nil {
					return err
				}
				counter.Data["count"] += "x"
				_, err = maps.Update(ctx, counter, metav1.UpdateOptions{})
				return err
			})
		}()
	}
	group.Wait()
	close(failures)
	done := ""
	for err := range failures {
		if err == nil {
			done += "x"
		} else if !apierrors.IsConflict(err) {
			return err
		}
	}
	counter, err := maps.Get(ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return expect("no write is lost", counter.Data["count"], done)
}

func applies(ctx context.Context, c *cluster) error {
	maps := c.client.CoreV1().ConfigMaps(c.namespace)
	wanted := func(value string) *applycorev1.ConfigMapApplyConfiguration {
		return applycorev1.ConfigMap("applied", c.namespace).WithData(map[string]string{"a": value})
	}
	if _, err := maps.Apply(ctx, wanted("1"), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	_, err := maps.Apply(ctx, wanted("2"), metav1.ApplyOptions{FieldManager: "two"})
	if err := expect("a conflict", apierrors.IsConflict(err), true); err != nil {
		return err
	}
	if err := expect("its cause", apierrors.HasStatusCause(err, metav1.CauseTypeFieldManagerConflict), true); err != nil {
		return err
	}
	applied, err := maps.Apply(ctx, wanted("2"), metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return err
	}
	if err := expect("the forced value", applied.Data["a"], "2"); err != nil {
		return err
	}
	own, err := applycorev1.ExtractConfigMap(applied, "two")
	if err != nil {
		return err
	}
	return expect("what is extracted", own.Data["a"], "2")
}

func speaksProtobuf(ctx context.Context, c *cluster) error {
	config := rest.CopyConfig(c.config)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	made, err := client.CoreV1().Services(c.namespace).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "s", Annotations: map[string]string{"ü": "ö"}},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"a": "b"}, Ports: []corev1.ServicePort{{Name: "game", Port: 7777, Protocol: corev1.ProtocolUDP}}},
	}, metav1.CreateOptions{})
	if err == nil {
		return fmt.Errorf("an annotation key that is none was taken: %v", made.Annotations)
	}
	if err := expect("refused as invalid", apierrors.IsInvalid(err), true); err != nil {
		return err
	}
	made, err = client.CoreV1().Services(c.namespace).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "s"},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"a": "b"}, Ports: []corev1.ServicePort{{Name: "game", Port: 7777, Protocol: corev1.ProtocolUDP}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := expect("a cluster IP", made.Spec.ClusterIP != "", true); err != nil {
		return err
	}
	list, err := client.CoreV1().Services(c.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	return expect("services", len(list.Items), 1)
}

func changesPods(ctx context.Context, c *cluster) error {
	pods := c.client.CoreV1().Pods(c.namespace)
	if err := until(ctx, "the service account is there", func(ctx context.Context) (bool, error) {
		_, err := c.client.CoreV1().ServiceAccounts(c.namespace).Get(ctx, "default", metav1.GetOptions{})
		return err == nil, err
	}); err != nil {
		return err
	}
	made, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p"},
		Spec:       corev1.PodSpec{SchedulerName: "nobody", Containers: []corev1.Container{{Name: "game", Image: "game:1"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	patched, err := pods.Patch(ctx, "p", types.StrategicMergePatchType,
		[]byte(`{"metadata":{"labels":{"state":"ready"}},"status":{"conditions":[{"type":"example.com/Ready","status":"True"}]}}`), metav1.PatchOptions{}, "status")
	if err != nil {
		return err
	}
	if err := expect("a label that came with the status", patched.Labels["state"], "ready"); err != nil {
		return err
	}
	patched, err = pods.Patch(ctx, "p", types.StrategicMergePatchType, []byte(`{"spec":{"containers":[{"name":"game","image":"game:2"}]}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if err := expect("the image", patched.Spec.Containers[0].Image, "game:2"); err != nil {
		return err
	}
	wrong := types.UID("00000000-0000-0000-0000-000000000000")
	err = pods.Delete(ctx, "p", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &wrong}})
	if err := expect("another pod's uid conflicts", apierrors.IsConflict(err), true); err != nil {
		return err
	}
	if err := pods.EvictV1(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: made.Name, Namespace: c.namespace}}); err != nil {
		return err
	}
	return until(ctx, "the pod is gone", func(ctx context.Context) (bool, error) {
		_, err := pods.Get(ctx, "p", metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
}

func elects(ctx context.Context, c *cluster) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leaders := make(chan string, 8)
	elect := func(ctx context.Context, name string) (context.CancelFunc, error) {
		ctx, stop := context.WithCancel(ctx)
		lock, err := resourcelock.New(resourcelock.LeasesResourceLock, c.namespace, "leader", c.client.CoreV1(), c.client.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: name})
		if err != nil {
			return stop, err
		}
		elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 200 * time.Millisecond, ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { leaders <- name }, OnStoppedLeading: func() {}},
		})
		if err != nil {
			return stop, err
		}
		go elector.Run(ctx)
		return stop, nil
	}
	next := func(want string) error {
		select {
		case name := <-leaders:
			return expect("leader", name, want)
		case <-time.After(patience):
			return fmt.Errorf("nobody leads; %s should", want)
		}
	}
	stop, err := elect(ctx, "first")
	if err != nil {
		return err
	}
	if err := next("first"); err != nil {
		return err
	}
	if _, err := elect(ctx, "second"); err != nil {
		return err
	}
	stop()
	if err := next("second"); err != nil {
		return err
	}
	lease, err := c.client.CoordinationV1().Leases(c.namespace).Get(ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return expect("holder", *lease.Spec.HolderIdentity, "second")
}
