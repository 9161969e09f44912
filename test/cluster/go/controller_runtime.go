package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/record"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

var controllerRuntimeChecks = []check{{"a manager reconciles a kind of its own, through its whole life", manages}}

var (
	widgetKind     = schema.GroupVersionKind{Group: "go-clients.example.com", Version: "v1", Kind: "Widget"}
	definitionsGVR = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)

const widgetFinalizer = "go-clients.example.com/finish"

// A definition as an operator brings it: status, defaults, a rule.
var widgetDefinition = map[string]any{
	"apiVersion": "apiextensions.k8s.io/v1",
	"kind":       "CustomResourceDefinition",
	"metadata":   map[string]any{"name": "widgets.go-clients.example.com"},
	"spec": map[string]any{
		"group": widgetKind.Group,
		"scope": "Namespaced",
		"names": map[string]any{"plural": "widgets", "kind": "Widget"},
		"versions": []any{map[string]any{
			"name": "v1", "served": true, "storage": true,
			"subresources": map[string]any{"status": map[string]any{}},
			"schema": map[string]any{"openAPIV3Schema": map[string]any{
				"type": "object",
				"properties": map[string]any{
					"spec": map[string]any{
						"type": "object",
						"properties": map[string]any{
							"size":  map[string]any{"type": "integer", "default": int64(1), "minimum": int64(0)},
							"color": map[string]any{"type": "string", "x-kubernetes-validations": []any{map[string]any{"rule": "self == oldSelf", "message": "color may not change"}}},
						},
					},
					"status": map[string]any{"type": "object", "properties": map[string]any{
						"ready": map[string]any{"type": "boolean"}, "observedGeneration": map[string]any{"type": "integer"},
					}},
				},
			}},
		}},
	},
}

func widget(namespace, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(widgetKind)
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

type reconciler struct {
	client.Client
	recorder record.EventRecorder
	finished chan string
}

// Reconcile keeps one map for each widget and says so in its status.
func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	own := widget(request.Namespace, request.Name)
	if err := r.Get(ctx, request.NamespacedName, own); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !own.GetDeletionTimestamp().IsZero() {
		if controllerutil.RemoveFinalizer(own, widgetFinalizer) {
			r.finished <- own.GetName()
			return ctrl.Result{}, r.Update(ctx, own)
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(own, widgetFinalizer) {
		return ctrl.Result{}, r.Update(ctx, own)
	}
	size, _, err := unstructured.NestedInt64(own.Object, "spec", "size")
	if err != nil {
		return ctrl.Result{}, err
	}
	wanted := &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: own.GetName(), Namespace: own.GetNamespace()},
		Data:       map[string]string{"size": strconv.FormatInt(size, 10)},
	}
	if err := controllerutil.SetControllerReference(own, wanted, r.Scheme()); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.Patch(ctx, wanted, client.Apply, client.FieldOwner("widgets"), client.ForceOwnership); err != nil {
		return ctrl.Result{}, err
	}
	before := own.DeepCopy()
	if err := unstructured.SetNestedField(own.Object, true, "status", "ready"); err != nil {
		return ctrl.Result{}, err
	}
	if err := unstructured.SetNestedField(own.Object, own.GetGeneration(), "status", "observedGeneration"); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.Status().Patch(ctx, own, client.MergeFrom(before)); err != nil {
		return ctrl.Result{}, err
	}
	r.recorder.Eventf(own, corev1.EventTypeNormal, "Sized", "size %d", size)
	return ctrl.Result{}, nil
}

func manages(ctx context.Context, c *cluster) error {
	log.SetLogger(logr.Discard())
	definitions, err := dynamic.NewForConfig(c.config)
	if err != nil {
		return err
	}
	if err := define(ctx, definitions); err != nil {
		return err
	}
	defer func() {
		_ = definitions.Resource(definitionsGVR).Delete(context.WithoutCancel(ctx), "widgets.go-clients.example.com", metav1.DeleteOptions{})
	}()

	manager, err := ctrl.NewManager(c.config, ctrl.Options{
		Cache:                         cache.Options{DefaultNamespaces: map[string]cache.Config{c.namespace: {}}},
		Metrics:                       server.Options{BindAddress: "0"},
		LeaderElection:                true,
		LeaderElectionID:              "widgets",
		LeaderElectionNamespace:       c.namespace,
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return err
	}
	own := &reconciler{Client: manager.GetClient(), recorder: manager.GetEventRecorderFor("widgets"), finished: make(chan string, 8)}
	if err := ctrl.NewControllerManagedBy(manager).For(widget("", "")).Owns(&corev1.ConfigMap{}).Complete(own); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()
	if err := live(ctx, c, own); err != nil {
		return err
	}
	cancel()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		return fmt.Errorf("the manager does not stop")
	}
}

func define(ctx context.Context, definitions dynamic.Interface) error {
	resource := definitions.Resource(definitionsGVR)
	if _, err := resource.Create(ctx, &unstructured.Unstructured{Object: widgetDefinition}, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return until(ctx, "the kind is served", func(ctx context.Context) (bool, error) {
		_, err := definitions.Resource(widgetKind.GroupVersion().WithResource("widgets")).List(ctx, metav1.ListOptions{})
		return err == nil, err
	})
}

// live takes one widget from its creation to its end, with a client that reads the server and not the cache.
func live(ctx context.Context, c *cluster, own *reconciler) error {
	direct, err := client.New(c.config, client.Options{})
	if err != nil {
		return err
	}
	maps := c.client.CoreV1().ConfigMaps(c.namespace)
	sized := func(want string) error {
		return until(ctx, "the map says "+want, func(ctx context.Context) (bool, error) {
			found, err := maps.Get(ctx, "w", metav1.GetOptions{})
			return err == nil && found.Data["size"] == want, err
		})
	}
	object := widget(c.namespace, "w")
	object.Object["spec"] = map[string]any{"color": "red"}
	if err := direct.Create(ctx, object); err != nil {
		return err
	}
	if err := sized("1"); err != nil {
		return err
	}
	if err := until(ctx, "the status is said", func(ctx context.Context) (bool, error) {
		err := direct.Get(ctx, client.ObjectKeyFromObject(object), object)
		ready, _, _ := unstructured.NestedBool(object.Object, "status", "ready")
		return ready, err
	}); err != nil {
		return err
	}
	if err := direct.Patch(ctx, object, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"size":3}}`))); err != nil {
		return err
	}
	if err := sized("3"); err != nil {
		return err
	}
	err = direct.Patch(ctx, object, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"color":"blue"}}`)))
	if err := expect("a rule refuses", apierrors.IsInvalid(err), true); err != nil {
		return err
	}
	if err := maps.Delete(ctx, "w", metav1.DeleteOptions{}); err != nil {
		return err
	}
	if err := sized("3"); err != nil {
		return err
	}
	if err := until(ctx, "an event is recorded", func(ctx context.Context) (bool, error) {
		events, err := c.client.CoreV1().Events(c.namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=w,reason=Sized"})
		return err == nil && len(events.Items) > 0, err
	}); err != nil {
		return err
	}
	if err := direct.Delete(ctx, object, client.PropagationPolicy(metav1.DeletePropagationForeground)); err != nil {
		return err
	}
	select {
	case <-own.finished:
	case <-time.After(patience):
		return fmt.Errorf("the finalizer was not asked")
	}
	return until(ctx, "widget and map are gone", func(ctx context.Context) (bool, error) {
		if err := direct.Get(ctx, client.ObjectKeyFromObject(object), object); !apierrors.IsNotFound(err) {
			return false, err
		}
		_, err := maps.Get(ctx, "w", metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
}
